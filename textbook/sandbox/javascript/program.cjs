'use strict'
// Running a file of CommonJS as its own harnesses would, and saying what an error was.

const { createRequire } = require('module')
const vm = require('vm')
const { isNativeError } = require('util/types')

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname']
const BUILT_IN = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, Error]

// Run a source, with `ending` after it. What that returns comes back, and the module that the source saw. `scopes`:
// objects whose properties are names to it.
function run (source, name, { scopes = [], ending = '' } = {}) {
  const file = `${process.cwd()}/${name}`
  const module = { exports: {}, id: file, filename: file, loaded: false, children: [], paths: [] }
  const options = {
    filename: name,
    contextExtensions: scopes,
    importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER
  }
  let body = vm.compileFunction(source, PARAMETERS, options) // alone: an ending could complete what is cut off
  if (ending) body = vm.compileFunction(`${source}\n${ending}`, PARAMETERS, options)
  return [body.call(module.exports, module.exports, createRequire(file), module, file, process.cwd()), module]
}

// The built-in class of errors that an object derives from.
function builtIn (object) {
  return BUILT_IN.find((each) => object instanceof each) ?? Error
}

// Its class, the built-in class that one derives from, message, name, and what else it has, if it is an error.
function describe (error) {
  if (!isNativeError(error)) return null
  const base = builtIn(error).name
  const text = (value) => typeof value === 'string' ? value.slice(0, 500) : ''
  return [text(error.constructor?.name) || base, base, text(error.message), text(error.name), { ...error }]
}

// Status and reason for what a program has raised.
function blame (error) {
  const described = describe(error)
  if (described === null) return ['error', `a ${typeof error} was thrown`]
  const [kind, base, message, , { code }] = described
  const line = error instanceof SyntaxError && /^(?:solution|test)\.js:(\d+)$/m.exec(error.stack)
  const reason = [kind, ...(line ? [`line ${line[1]}`] : []), ...(message ? [message] : [])].join(': ')
  if (code === 'EPERM' || code === 'EACCES') return ['denied', reason]
  return [base === 'RangeError' && /allocat/.test(message) ? 'memory' : 'error', reason]
}

// An assertion that ends the test: a failed one of Node.js only writes a line. `failed` is called with the error.
function strictAssert (failed) {
  console.assert = function assert (holds, ...message) {
    if (holds) return
    const error = new Error(message.map(String).join(' '))
    error.name = 'AssertionError'
    Error.captureStackTrace(error, assert)
    failed(error)
    throw error
  }
}

// `conclude` is called when nothing is left to do, after whatever else waits for that (node:test does).
function atTheEnd (conclude) {
  let reached = false
  process.on('beforeExit', () => { reached = true })
  process.on('exit', (code) => {
    if (!reached) conclude('error', 'the process was ended by its own code')
    else if (process.exitCode || code) conclude('wrong', `the test set the exit code ${process.exitCode || code}`)
    else conclude('pass', '')
  })
}

function verdict (status, reason) {
  return Buffer.from(JSON.stringify([status, reason.replace(/\s*\n\s*/g, ' ').trim().slice(0, 1000)]))
}

module.exports = { BUILT_IN, PARAMETERS, atTheEnd, blame, builtIn, describe, run, strictAssert, verdict }
