'use strict'
// Messages over a file descriptor: four bytes of length, then so many bytes; as `inside/frames.py` has them.

const { readSync, writeSync } = require('fs')

class Closed extends Error {}

function readExactly (source, length) {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length;) {
    let count
    try {
      count = readSync(source, bytes, at, length - at, null)
    } catch (error) {
      if (error.code === 'EAGAIN') continue
      if (error.code === 'ECONNRESET') throw new Closed()
      throw error
    }
    if (count === 0) throw new Closed()
    at += count
  }
  return bytes
}

function readFrame (source, most) {
  const length = readExactly(source, 4).readUInt32LE()
  if (length > most) throw new RangeError(`a message of ${length} bytes; at most ${most} are taken`)
  return readExactly(source, length)
}

function writeAll (target, bytes) {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(target, bytes, at)
    } catch (error) {
      if (error.code === 'EAGAIN') continue
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') throw new Closed()
      throw error
    }
  }
}

function writeFrame (target, ...parts) {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(body.length)
  writeAll(target, Buffer.concat([length, body]))
}

module.exports = { Closed, readExactly, readFrame, writeAll, writeFrame }
