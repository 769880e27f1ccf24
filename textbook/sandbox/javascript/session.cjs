'use strict'
// The judge's side of a program: objects that stand for the program's, and answer by asking it.
//
// A test sees plain values, or a stand-in. One can be called, constructed, asked for properties, awaited if it is a
// promise, and iterated: all of this runs in the program and gives plain values in the end. What `===` says of it is
// right, for each object has one stand-in. What would have the program say what it is (its keys, its prototype, a
// conversion to a primitive) ends the test as unencodable.

const { openSync, readSync } = require('fs')
const { isProxy } = require('util/types')
const { Closed, readFrame, writeAll, writeFrame } = require('./channel.cjs')
const { BUILT_IN } = require('./program.cjs')
const { Decoder, Encoder, Malformed, MAX_BYTES, Unencodable } = require('./values.cjs')

const CHANNEL = 3
const NONCE = 16
const MAX_MESSAGE = 2 * MAX_BYTES
const ITERATORS = new Map([[Symbol.iterator, 'iterator'], [Symbol.asyncIterator, 'asyncIterator']])
const STATUSES = ['error', 'memory', 'denied']
const { parse, stringify } = JSON

// The test cannot go on. Not an `Error`, so that a test does not take it for one of the program's.
class Stop {}

class Session {
  constructor () {
    this.ending = null // status and reason: then whatever the test says counts for nothing
    this.raised = new Set() // what the program has thrown
    this.standIns = new Map()
    this.numbers = new WeakMap()
    this.errorClasses = new Map(BUILT_IN.map((each) => [each.name, each]))
    this.random = openSync('/dev/urandom')
  }

  end (status, reason) {
    this.ending ??= [status, reason]
    throw new Stop()
  }

  // The identifiers of the program's source.
  words () {
    const words = this.#value('words')
    return Array.isArray(words) ? words : this.#unknown()
  }

  // Of these names, those that the program has, with what they stand for.
  names (wanted) {
    const scope = Object.create(null)
    const [tag, found] = this.#ask(['names', wanted])[0]
    if (tag !== 'names' || !Array.isArray(found)) this.#unknown()
    for (const [name, kind, ...rest] of found) {
      if (!wanted.includes(name)) this.#unknown()
      if (kind === 'error class') scope[name] = this.#errorClass(rest[0], rest[1])
      else if (kind === 'value') scope[name] = this.#decoded(() => this.#decoder([]).get(rest[0]))
      else if (kind === 'unencodable') Object.defineProperty(scope, name, { get: () => this.#unencodable(rest[0]) })
    }
    return scope
  }

  #value (...question) {
    const [answer, sent] = this.#ask(question)
    return this.#decoded(() => this.#result(answer, sent))
  }

  #decoded (read) {
    try {
      return read()
    } catch (error) {
      if (error instanceof Stop || this.raised.has(error)) throw error
      const why = error instanceof Malformed ? error.message : 'it is not what is sent'
      return this.end('error', `the program sent an answer that cannot be read: ${why}`)
    }
  }

  #unencodable (what) {
    return this.end('unencodable', `the program gives ${String(what).slice(0, 200)}`)
  }

  #unknown () {
    return this.end('error', 'the program sent an answer of no known form')
  }

  // The parsed answer to a question, and the objects in that.
  #ask (question) {
    if (this.ending !== null) throw new Stop()
    const encoder = new Encoder(new Map(), (value) => this.#lowered(value))
    let text
    try {
      text = stringify(encoder.put(question))
    } catch (error) {
      const what = error instanceof Unencodable ? error.message : 'what cannot be read'
      return this.end('unencodable', `the test hands the program ${what}`)
    }
    const answer = this.#decoded(() => parse(this.#exchanged(Buffer.from(text)).toString()))
    if (!Array.isArray(answer)) this.#unknown()
    if (answer[0] === 'failed' && STATUSES.includes(answer[1])) this.end(answer[1], String(answer[2]))
    if (answer[0] === 'unencodable') this.#unencodable(answer[1])
    return [answer, [...encoder.seen.keys()]]
  }

  #exchanged (body) {
    const nonce = Buffer.alloc(NONCE)
    readSync(this.random, nonce)
    let answer
    try {
      writeFrame(CHANNEL, body)
      writeAll(CHANNEL, nonce)
      answer = readFrame(CHANNEL, MAX_MESSAGE)
    } catch (error) {
      if (error instanceof Closed) return this.end('died', 'the program ended before it had answered')
      if (error instanceof RangeError) return this.end('error', `the program sent ${error.message}`)
      throw error
    }
    if (!answer.subarray(0, NONCE).equals(nonce)) {
      return this.end('error', 'the program sent an answer that no question had asked for')
    }
    return answer.subarray(NONCE)
  }

  #result ([tag, ...rest], sent) {
    const decoder = this.#decoder(sent)
    if (tag === 'thrown') return this.#throw(decoder.get(rest[0]))
    if (tag === 'raised') return this.#throw(this.#error(...rest, decoder))
    if (tag !== 'value' || !Array.isArray(rest[1])) return this.#unknown()
    const value = decoder.get(rest[0])
    rest[1].forEach((node, i) => decoder.refill(sent[i], node))
    return value
  }

  #throw (error) {
    this.raised.add(error)
    throw error
  }

  #error (name, base, message, shown, more, decoder) {
    const error = new (this.#errorClass(name, base))(String(message))
    for (const [key, value] of Object.entries(decoder.get(more))) {
      Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true })
    }
    if (error.name !== shown) Object.defineProperty(error, 'name', { value: String(shown), configurable: true })
    return error
  }

  #errorClass (name, base) {
    const known = BUILT_IN.find((each) => each.name === base) ?? Error
    if (!this.errorClasses.has(String(name))) {
      const made = class extends known {}
      Object.defineProperty(made, 'name', { value: String(name) })
      this.errorClasses.set(String(name), made)
    }
    return this.errorClasses.get(String(name))
  }

  #decoder (sent) {
    return new Decoder(sent, ([, number, kind, what]) => this.#standIn(Number(number), kind, String(what)))
  }

  #lowered (value) {
    if (isProxy(value) && this.numbers.has(value)) return ['x', this.numbers.get(value)]
    const name = value.constructor?.name
    throw new Unencodable(typeof value === 'function' ? 'a function' : `an object of class ${name}`)
  }

  #standIn (number, kind, what) {
    if (!this.standIns.has(number)) {
      const target = kind === 'function' ? function () {} : kind === 'array' ? [] : {}
      const made = new Proxy(target, this.#handler(number, kind, what))
      this.standIns.set(number, made)
      this.numbers.set(made, number)
    }
    return this.standIns.get(number)
  }

  #handler (number, kind, what) {
    const refuse = () =>
      this.end('unencodable', `the test looks into or converts an object of class ${what}, which only the program could`)
    const promise = kind === 'promise' ? new Awaited(() => this.#value('settle', number)) : null
    const self = (object) => object === this.scope || object === globalThis ? undefined : object
    return {
      apply: (_, object, list) => this.#value('call', number, self(object), list),
      construct: (_, list) => this.#value('new', number, list),
      set: (_, key, value) => typeof key === 'symbol' ? refuse() : (this.#value('set', number, key, value), true),
      get: (_, key) => {
        if (promise !== null) return promise.method(key) ?? refuse()
        if (key === 'toJSON') return refuse() // it is `JSON.stringify` that asks
        if (typeof key === 'string') return this.#value('get', number, key, false)
        return ITERATORS.has(key) ? this.#value('get', number, ITERATORS.get(key), true) : refuse()
      },
      getPrototypeOf: () => promise === null ? refuse() : Promise.prototype,
      ...Object.fromEntries(REFUSED.map((trap) => [trap, refuse]))
    }
  }
}

const REFUSED = [
  'has', 'deleteProperty', 'ownKeys', 'getOwnPropertyDescriptor', 'defineProperty', 'setPrototypeOf', 'isExtensible',
  'preventExtensions'
]

// One of the program's promises, which is waited for when somebody asks what comes of it.
class Awaited {
  constructor (settle) {
    this.settle = settle
    this.promise = null
  }

  method (key) {
    if (!['then', 'catch', 'finally'].includes(key)) return undefined
    this.promise ??= new Promise((resolve) => setImmediate(resolve)).then(this.settle)
    return this.promise[key].bind(this.promise)
  }
}

module.exports = { Session, Stop }
