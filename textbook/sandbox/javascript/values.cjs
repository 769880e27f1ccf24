'use strict'
// The values that may cross between a program and its judge, and their encoding: arrays, strings and numbers of JSON.
//
// A value crosses by its exact type: an array, a plain object, a Map, Set, Date, typed array or primitive, as deep as
// it goes. Whatever else there is stays where it is and only its number crosses. Which object is which crosses too:
// cycles, what occurs twice, and what the other side had sent. Bounded in size, number of items and depth.

const { isDate, isMap, isProxy, isSet } = require('util/types')

const MAX_BYTES = 4 << 20
const MAX_ITEMS = 200_000
const MAX_DEPTH = 200

const VIEWS = [
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
  Float64Array, BigInt64Array, BigUint64Array, Buffer
]
const VIEW_OF = new Map(VIEWS.map((each) => [each.prototype, each]))
const SLOTTED = [['d', Date, isDate], ['m', Map, isMap], ['s', Set, isSet]]
const ODD_NUMBERS = ['NaN', 'Infinity', '-Infinity', '-0']
const { getPrototypeOf, ownKeys, getOwnPropertyDescriptor } = Reflect
const LOCKS = [(value) => value, Object.preventExtensions, Object.seal, Object.freeze]

class Unencodable extends Error {}

class Malformed extends Error {}

class Encoder {
  // `known`: objects that the other side had sent -> their numbers there. `opaque`: a node for what may not cross.
  constructor (known, opaque) {
    this.known = known
    this.opaque = opaque
    this.seen = new Map()
    this.items = MAX_ITEMS
    this.room = MAX_BYTES
  }

  put (value, depth = 0) {
    if (--this.items < 0) throw new Unencodable('a value that is too large')
    switch (typeof value) {
      case 'string': return this.#text(value)
      case 'boolean': return value
      case 'undefined': return ['u']
      case 'number':
        if (Object.is(value, -0)) return ['n', '-0']
        return Number.isFinite(value) ? value : ['n', String(value)]
      case 'bigint': return ['b', this.#text(value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`)]
      case 'symbol': throw new Unencodable('a symbol')
      case 'function': return this.opaque(value)
    }
    if (value === null) return null
    if (this.known.has(value)) return ['k', this.known.get(value)]
    if (this.seen.has(value)) return ['r', this.seen.get(value)]
    return this.fields(value, depth, true) ?? this.opaque(value)
  }

  // Tag, how far it is locked, and what it holds; null if it may not cross. Seen ones get numbers, in this order.
  fields (value, depth, number) {
    if (isProxy(value)) return null
    if (Array.isArray(value) && value.length > this.items) throw new Unencodable('a value that is too large')
    const kind = tagOf(value)
    if (kind === null) return null
    if (depth >= MAX_DEPTH) throw new Unencodable(`a value that is nested more than ${MAX_DEPTH} deep`)
    if (number) this.seen.set(value, this.seen.size)
    const lock = Object.isExtensible(value) ? 0 : Object.isFrozen(value) ? 3 : Object.isSealed(value) ? 2 : 1
    return [kind, lock, ...this.#held(kind, value, depth + 1)]
  }

  #held (kind, value, depth) {
    switch (kind) {
      case 'a': return [Array.from(value, (item, i) => i in value ? this.put(item, depth) : ['h'])]
      case 'o': case 'z': return [ownKeys(value).flatMap((key) => [this.#text(key), this.put(value[key], depth)])]
      case 's': return [Array.from(value, (item) => this.put(item, depth))]
      case 'm': return [Array.from(value).flatMap(([key, item]) => [this.put(key, depth), this.put(item, depth)])]
      case 'd': return [this.put(value.getTime(), depth)]
    }
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return [VIEWS.indexOf(VIEW_OF.get(getPrototypeOf(value))), this.#text(bytes.toString('base64'))]
  }

  #text (text) {
    this.room -= text.length
    if (this.room < 0) throw new Unencodable('a value that is too large')
    return text
  }
}

// What kind of plain object this is, or null. Runs no method of the object's.
function tagOf (value) {
  const prototype = getPrototypeOf(value)
  if (Array.isArray(value)) {
    return prototype === Array.prototype && ownKeys(value).every(isIndexOrLength) ? 'a' : null
  }
  if (prototype === Object.prototype || prototype === null) {
    const locked = !Object.isExtensible(value)
    for (const key of ownKeys(value)) {
      const { enumerable, writable, configurable, value: held } = getOwnPropertyDescriptor(value, key)
      if (typeof key === 'symbol' || !enumerable || writable === undefined) return null
      if (typeof held === 'function') return null // it may be what converts the object
      if (!locked && !(writable && configurable)) return null
    }
    return Object.prototype.toString.call(value) === '[object Object]' ? (prototype ? 'o' : 'z') : null
  }
  if (VIEW_OF.has(prototype)) return ArrayBuffer.isView(value) ? 'y' : null
  if (ownKeys(value).length > 0) return null
  for (const [tag, type, isOne] of SLOTTED) {
    if (prototype === type.prototype) return isOne(value) ? tag : null // it may be made by Object.create
  }
  return null
}

function isIndexOrLength (key) {
  return typeof key === 'string' && (key === 'length' || String(key >>> 0) === key)
}

class Decoder {
  // `known`: what this side had sent, by number. `opaque`: the object for the node of one that may not cross.
  constructor (known, opaque) {
    this.known = known
    this.opaque = opaque
    this.made = []
    this.items = MAX_ITEMS
  }

  get (node, depth = 0) {
    if (--this.items < 0 || depth > MAX_DEPTH + 8) throw new Malformed('too many items, or too deep')
    if (node === null || typeof node === 'string' || typeof node === 'boolean') return node
    if (typeof node === 'number') return node
    const [tag, first] = list(node)
    switch (tag) {
      case 'u': return undefined
      case 'n': return Number(one(ODD_NUMBERS, ODD_NUMBERS.indexOf(first)))
      case 'b': return big(first)
      case 'k': return one(this.known, first)
      case 'r': return one(this.made, first)
      case 'x': return this.opaque(node)
    }
    const made = this.#empty(node)
    this.made.push(made)
    return this.#fill(made, node, depth + 1)
  }

  // Have an object that this side had sent hold what a node says.
  refill (object, node) {
    if (tagOf(object) !== list(node)[0]) throw new Malformed('another type')
    if (Object.isFrozen(object)) return
    if (!Object.isExtensible(object)) throw new Malformed('a change to what is sealed')
    if (Array.isArray(object)) object.length = 0
    else if (object instanceof Map || object instanceof Set) object.clear()
    else if (tagOf(object) !== 'd' && !ArrayBuffer.isView(object)) ownKeys(object).forEach((key) => delete object[key])
    this.#fill(object, node, 1)
  }

  #empty ([tag, , first, second]) {
    switch (tag) {
      case 'a': return []
      case 'o': return {}
      case 'z': return Object.create(null)
      case 'm': return new Map()
      case 's': return new Set()
      case 'd': return new Date(0)
      case 'y': return view(one(VIEWS, first), Buffer.byteLength(String(second), 'base64'))
    }
    throw new Malformed(`no such tag: ${String(tag).slice(0, 20)}`)
  }

  #fill (made, node, depth) {
    const [tag, lock, first, second] = node
    if (tag === 'a') {
      for (const item of list(first)) {
        if (Array.isArray(item) && item[0] === 'h') made.length++
        else made.push(this.get(item, depth))
      }
    } else if (tag === 's') {
      for (const item of list(first)) made.add(this.get(item, depth))
    } else if (tag === 'd') {
      made.setTime(this.get(first, depth))
    } else if (tag === 'y') {
      Buffer.from(made.buffer, made.byteOffset, made.byteLength).set(Buffer.from(String(second), 'base64'))
    } else {
      for (let i = 0; i + 1 < list(first).length; i += 2) this.#entry(tag, made, first[i], first[i + 1], depth)
    }
    return one(LOCKS, lock)(made)
  }

  #entry (tag, made, first, second, depth) {
    const key = tag === 'm' ? this.get(first, depth) : String(first)
    const value = this.get(second, depth)
    if (tag === 'm') made.set(key, value)
    else Object.defineProperty(made, key, { value, writable: true, enumerable: true, configurable: true })
  }
}

function view (type, length) {
  if (length % (type.BYTES_PER_ELEMENT ?? 1) !== 0) throw new Malformed('half an element')
  return type === Buffer ? Buffer.alloc(length) : new type(length / type.BYTES_PER_ELEMENT)
}

function big (text) {
  if (!/^-?0x[0-9a-f]+$/.test(text)) throw new Malformed('no number')
  return text[0] === '-' ? -BigInt(text.slice(1)) : BigInt(text)
}

function list (node) {
  if (!Array.isArray(node)) throw new Malformed('not what is sent')
  return node
}

function one (array, index) {
  if (!Number.isInteger(index) || index < 0 || index >= array.length) throw new Malformed('no such number')
  return array[index]
}

module.exports = { Decoder, Encoder, Malformed, MAX_BYTES, Unencodable }
