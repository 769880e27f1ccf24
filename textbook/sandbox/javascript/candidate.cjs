'use strict'
// The program's process: runs the code, then answers its judge's questions. Nothing here can be trusted afterwards.
//
// All judging is done elsewhere. This side only computes; what it could forge is a value, which it may return anyway.

const { isPromise } = require('util/types')
const { Closed, readExactly, readFrame, writeFrame } = require('./channel.cjs')
const { blame, builtIn, describe, run } = require('./program.cjs')
const { Decoder, Encoder, MAX_BYTES, Unencodable } = require('./values.cjs')

const CODE = 0
const CHANNEL = 3
const NONCE = 16
const MAX_CODE = 16 << 20
const MAX_MESSAGE = 2 * MAX_BYTES
const IDENTIFIER = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu
const { parse, stringify } = JSON
const { apply, construct } = Reflect
const later = setImmediate
const exit = process.reallyExit.bind(process)
const settled = Promise.prototype.then

class Program {
  constructor () {
    this.objects = []
    this.numbers = new Map()
    this.failure = null
    this.lookUp = () => { throw new ReferenceError() }
    this.exported = {}
    this.source = ''
  }

  load (bytes) {
    this.source = bytes.toString()
    try {
      if (!Buffer.from(this.source).equals(bytes)) throw new SyntaxError('the code is not UTF-8')
      const [lookUp, module] = run(this.source, 'solution.js', { ending: ';return (name) => eval(name)' })
      if (typeof lookUp === 'function') this.lookUp = lookUp
      this.exported = Object(module.exports)
    } catch (error) {
      this.failure = ['failed', ...blame(error)]
    }
  }

  // A promise for the answer if it waits for one, the answer otherwise.
  answer (question) {
    if (this.failure) return stringify(this.failure)
    const decoder = new Decoder([], (node) => this.objects[node[1]])
    const [kind, ...rest] = decoder.get(parse(question))
    if (kind === 'settle') {
      const answer = (make) => (value) => this.#encoded(() => make(value))
      return apply(settled, this.objects[rest[0]], [
        answer((value) => this.#value(value)), answer((error) => this.#raised(error))
      ])
    }
    return this.#encoded(() => this.#answer(kind, rest, decoder.made))
  }

  #encoded (make) {
    let answer
    try {
      answer = make()
    } catch (error) {
      try {
        answer = error instanceof Unencodable ? ['unencodable', error.message] : this.#raised(error)
      } catch {
        answer = ['unencodable', 'what it threw']
      }
    }
    return stringify(answer)
  }

  #answer (kind, [number, key, ...rest], received) {
    const object = this.objects[number]
    switch (kind) {
      case 'words': return this.#value(Array.from(new Set(this.source.match(IDENTIFIER))))
      case 'names': return ['names', number.map((name) => this.#named(name))]
      case 'call': return this.#watched(() => apply(object, key, rest[0]), received)
      case 'new': return this.#watched(() => construct(object, key), received)
      case 'get': return this.#value(object[rest[0] ? Symbol[key] : key])
      case 'set': object[key] = rest[0]
    }
    return this.#value(undefined)
  }

  // The value, and what the objects of the question hold afterwards if that has changed.
  #watched (compute, received) {
    const known = new Map(received.map((each, i) => [each, i]))
    const before = this.#held(received, known)
    const value = compute()
    return this.#value(value, known, this.#held(received, known) === before ? [] : received)
  }

  #held (objects, known) {
    const encoder = this.#encoder(known)
    return stringify(objects.map((each) => encoder.fields(each, 1, false)))
  }

  #value (value, known = new Map(), changed = []) {
    const encoder = this.#encoder(known)
    const node = encoder.put(value)
    const held = changed.map((each) => encoder.fields(each, 1, false))
    if (held.includes(null)) throw new Unencodable('an argument that it has made something else of')
    return ['value', node, held]
  }

  #encoder (known = new Map()) {
    return new Encoder(known, (value) => this.#opaque(value))
  }

  #opaque (value) {
    if (!this.numbers.has(value)) {
      this.numbers.set(value, this.objects.push(value) - 1)
      if (isPromise(value)) apply(settled, value, [undefined, () => {}]) // it is the judge who handles its failure
    }
    const kind = typeof value === 'function' ? 'function' : Array.isArray(value) ? 'array' : 'object'
    const name = value.constructor?.name
    const what = typeof name === 'string' && name !== '' ? name.slice(0, 80) : 'no name'
    return ['x', this.numbers.get(value), isPromise(value) ? 'promise' : kind, what]
  }

  #raised (error) {
    const described = describe(error)
    if (described === null) return ['thrown', this.#encoder().put(error)]
    const [name, base, message, shown, rest] = described
    const more = {}
    for (const key of Object.keys(rest)) {
      if (['string', 'number', 'boolean'].includes(typeof rest[key])) more[key] = rest[key]
    }
    return ['raised', name, base, message, shown, this.#encoder().put(more)]
  }

  #named (name) {
    let value
    try {
      value = this.lookUp(name)
    } catch {
      if (!Object.hasOwn(this.exported, name)) return [name, 'missing']
      value = this.exported[name]
    }
    if (typeof value === 'function' && value.prototype instanceof Error) {
      return [name, 'error class', value.name || name, builtIn(value.prototype).name]
    }
    try {
      return [name, 'value', this.#encoder().put(value)]
    } catch (error) {
      return [name, 'unencodable', error.message]
    }
  }
}

const program = new Program()
program.load(readFrame(CODE, MAX_CODE))

// Between questions the program's timers and promises go on. What is due is done before the answer.
function wait () {
  const question = inTime(() => readFrame(CHANNEL, MAX_MESSAGE))
  later(async () => {
    const answer = Buffer.from(await program.answer(question))
    inTime(() => writeFrame(CHANNEL, readExactly(CHANNEL, NONCE), answer))
    later(wait)
  })
}

function inTime (action) {
  try {
    return action()
  } catch (error) {
    if (error instanceof Closed) exit(0)
    throw error
  }
}

wait()
