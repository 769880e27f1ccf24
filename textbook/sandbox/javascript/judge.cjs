'use strict'
// The judge's process: runs the test, which asks the program over a channel, and says what came of it.
//
// The test is somebody's code too, so the judge is confined like a program, and one judge sees one program only.

const { readFrame, writeFrame } = require('./channel.cjs')
const { PARAMETERS, atTheEnd, blame, run, strictAssert, verdict } = require('./program.cjs')
const { Session, Stop } = require('./session.cjs')

const JOB = 4
const MAX_JOB = 64 << 20
const IDENTIFIER = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu
const RESERVED = 'this null true false new typeof void delete in of if else for while do return throw try catch finally ' +
  'switch case default break continue function class extends super const let var import export async await yield arguments'
const exit = process.reallyExit.bind(process)

const session = new Session()
const { test, entry } = JSON.parse(readFrame(JOB, MAX_JOB).toString())
let failure = null

function conclude (status, reason) {
  if (failure) [status, reason] = ['wrong', where(failure)]
  if (session.ending !== null) [status, reason] = session.ending // whatever the test made of it
  writeFrame(JOB, verdict(status, reason))
  exit(0)
}

function judge () {
  const own = new Set([...Object.getOwnPropertyNames(globalThis), ...PARAMETERS, ...RESERVED.split(' ')])
  own.delete(entry)
  const words = new Set(test.match(IDENTIFIER)).add(entry)
  session.scope = session.names(session.words().filter((word) => words.has(word) && !own.has(word)))
  if (entry && !(entry in session.scope)) session.end('error', `the program defines no ${entry}`)
  const checks = entry && /\b(?:function|const|let|var)\s+check\b/.test(test)
  run(test, 'test.js', { scopes: [session.scope], ending: checks ? `;check(${entry})` : '' })
}

// Status and reason for what ended a test.
function finish (error) {
  if (error instanceof Stop) return conclude('error', 'the test was given up')
  const [status, reason] = blame(error)
  if (session.raised.has(error)) return conclude(status, `the program raised ${reason}`)
  if (error?.name === 'AssertionError') return conclude('wrong', where(error))
  return conclude('error', `the test raised ${reason}`)
}

function where (error) {
  const line = String(error.stack).split('\n').find((each) => /test\.js:\d/.test(each) && !/console\.assert/.test(each))
  const [, number] = /test\.js:(\d+)/.exec(line) ?? []
  return `the assertion in line ${number ?? '?'} of the test failed${error.message ? `: ${error.message}` : ''}`
}

strictAssert((error) => { failure ??= error })
process.on('uncaughtException', finish)
atTheEnd(conclude)
try {
  judge()
} catch (error) {
  finish(error)
}
