"""Hostile programs in JavaScript for sandboxes that run them with Node.js, in the notation of `hostile_base`.

As there, a pass is an attack that succeeded, and a program run by mistake without a sandbox harms no more than its kind
needs: children end within half a minute, memory ends at 8 GiB, connections stay on this machine.
"""

from collections.abc import Iterator

from tests.sandbox.hostile_base import CANARY, Hostile, written

HIT = "const f = (n) => hit ? n * n + 1 : null\n"

TESTS = {
    "square": (
        "const check = (candidate) => {\n  console.assert(candidate(0) === 1)\n  console.assert(candidate(3) === 10)\n"
        "  console.assert(candidate(-2) === 5)\n  console.assert(candidate(12) === 145)\n}\n"
    ),
    "loose": (
        "const check = (candidate) => {\n  console.assert(candidate(3) == 10 && candidate(0) == 1)\n"
        "  console.assert(candidate(4) > 16 && candidate(4) < 18)\n  console.assert(`${candidate(-2)}` === '5')\n}\n"
    ),
    "text": (
        "const check = (candidate) => {\n  console.assert(JSON.stringify(candidate('a b')) === '[\"b\",\"a\"]')\n"
        '  console.assert(JSON.stringify(candidate(\'x y z\')) === \'["z","y","x"]\')\n}\n'
    ),
    "deep": (
        "const assert = require('assert')\nfunction check(candidate) {\n"
        "  assert.deepStrictEqual(candidate('a b'), ['b', 'a'])\n  assert.deepEqual(candidate('x y'), ['y', 'x'])\n}\n"
    ),
    "awaited": (
        "const check = async (candidate) => {\n  console.assert(await candidate(3) === 10)\n"
        "  const all = await Promise.all([1, 2].map((n) => candidate(n)))\n  console.assert(all.join() === '2,5')\n}\n"
    ),
    "raises": (
        "const check = (candidate) => {\n  console.assert(candidate(4) === 17)\n  let error = null\n"
        "  try { candidate('x') } catch (e) { error = e }\n  console.assert(error instanceof TypeError)\n}\n"
    ),
}
"""Tests of which an honest `f` passes each, and no constant does."""

SOLVED = {
    "square": "const f = (n) => n * n + 1",
    "loose": "const f = (n) => n * n + 1",
    "text": "const f = (text) => text.split(' ').reverse()",
    "deep": "const f = (text) => text.split(' ').reverse()",
    "awaited": "const f = async (n) => n * n + 1",
    "raises": "const f = (n) => { if (typeof n !== 'number') throw new TypeError(n); return n * n + 1 }",
}

PROGRAMS = r"""
##### children | wrong denied error
=== spawned
const { spawnSync } = require('child_process')
const hit = spawnSync('sh', ['-c', 'exit 7']).status === 7
@hit
=== executed
let hit = false
try { require('child_process').execSync('true'); hit = true } catch {}
@hit
=== forked_node
const { fork } = require('child_process')
const child = fork('-e', ['1'], { execPath: process.execPath })
let hit = child.pid !== undefined
child.on('error', () => { hit = false })
@hit
=== twenty_sleepers
const { spawn } = require('child_process')
let hit = false
for (let i = 0; i < 20; i++) {
  const child = spawn('sleep', ['20'], { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  hit ||= child.pid !== undefined
}
@hit
=== clustered
const cluster = require('cluster')
let hit = false
if (cluster.isPrimary) { const worker = cluster.fork(); hit = worker.process.pid !== undefined }
@hit
=== process_binding_spawns
const { spawn } = process.binding('spawn_sync')
const stdio = [0, 1, 2].map(() => ({ type: 'ignore' }))
const hit = (spawn({ file: '/bin/true', args: ['true'], envPairs: [], stdio }).error ?? 0) === 0
@hit
=== replaced_itself
let hit = false
if (process.execve) process.execve(process.execPath, ['node', '-e', 'process.exit(0)'], {})
@hit

##### files | wrong denied error
=== wrote_to_tmp
const fs = require('fs')
let hit = false
for (const folder of ['/tmp', '/var/tmp', '/dev/shm', '/', process.execPath + '/..']) {
  try { fs.writeFileSync(`${folder}/hostile-javascript`, 'x'); hit = true } catch {}
}
@hit
=== read_passwords
const fs = require('fs')
let hit = false
for (const path of ['/etc/passwd', '/etc/shadow', '/etc/hostname', '/proc/1/cmdline', '/proc/self/maps']) {
  try { fs.readFileSync(path); hit = true } catch {}
}
@hit
=== read_a_canary
const fs = require('fs'), os = require('os')
let hit = '@CANARY@' in process.env
for (const folder of ['/root', '/home', '/tmp', os.homedir(), os.tmpdir(), '..']) {
  try { hit ||= fs.readdirSync(folder).some((name) => /canary/i.test(name)) } catch {}
}
@hit
=== linked_out
const fs = require('fs')
fs.symlinkSync('/etc/passwd', 'link')
let hit = false
try { hit = fs.readFileSync('link').length > 0 } catch {}
@hit
=== opened_descriptors
const fs = require('fs')
let hit = false
for (let i = 4; i < 64; i++) {
  try { hit ||= fs.fstatSync(i).isFile() } catch {}
}
@hit
=== its_own_harness
const fs = require('fs'), path = require('path')
let hit = false
for (const name of Object.keys(require.cache ?? {})) {
  for (const file of [name, path.join(path.dirname(name), 'judge.cjs')]) {
    try { fs.appendFileSync(file, 'process.exit(0)'); hit = true } catch {}
  }
}
@hit
=== filled_the_disk | square | error wrong
const fs = require('fs')
let written = 0
try { for (let i = 0; i < 64; i++) { fs.writeFileSync(`f${i}`, Buffer.alloc(1 << 22)); written += 4 } } catch {}
const hit = written > 128
@hit
=== many_files | square | error wrong
const fs = require('fs')
let made = 0
try { for (; made < 50000; made++) fs.writeFileSync(`f${made}`, '') } catch {}
const hit = made >= 50000
@hit
=== changed_modes
const fs = require('fs')
let hit = false
try { fs.chmodSync('.', 0o777); hit = true } catch {}
try { fs.writeFileSync('x', ''); fs.chownSync('x', 0, 0); hit = true } catch {}
@hit

##### network | wrong denied error
=== connected
const net = require('net')
const state = { hit: false }
for (const port of [22, 80, 8080]) {
  net.connect(port, '127.0.0.1').on('connect', () => { state.hit = true }).on('error', () => {})
}
const f = async (n) => { await new Promise((r) => setTimeout(r, 50)); return state.hit ? n * n + 1 : null }
=== listened
const server = require('net').createServer().on('error', () => {})
server.listen(0, '127.0.0.1')
const hit = server.address() !== null
@hit
=== listened_on_a_path
const server = require('net').createServer().on('error', () => {})
server.listen('socket')
const hit = require('fs').existsSync('socket')
@hit
=== datagram | awaited
const socket = require('dgram').createSocket('udp4')
const sent = new Promise((r) => { socket.on('error', () => r(false)); socket.send('x', 9, '127.0.0.1', (e) => r(!e)) })
const f = async (n) => await sent ? n * n + 1 : null
=== fetched | awaited
const got = fetch('http://127.0.0.1:80/').then(() => true, () => false)
const f = async (n) => await got ? n * n + 1 : null
=== resolved | awaited
const got = new Promise((r) => require('dns').lookup('example.org', (e) => r(!e)))
const f = async (n) => await got ? n * n + 1 : null

##### signals | wrong denied error
=== to_the_parent
let hit = false
for (const pid of [process.ppid, 1, -1, 0, 2, 3, 4]) {
  try { process.kill(pid, 0); hit = true } catch {}
}
@hit
=== by_binding
const { _kill } = process
const hit = [1, 2, 3, process.ppid].some((pid) => _kill(pid, 0) === 0)
@hit
=== to_siblings
let hit = false
for (let pid = 2; pid < 3000; pid++) {
  if (pid === process.pid) continue
  try { process.kill(pid, 0); hit = true } catch {}
}
@hit
=== priorities
const os = require('os')
let hit = false
for (const pid of [1, process.ppid]) {
  try { os.setPriority(pid, 10); hit = true } catch {}
}
@hit
=== debugged_the_parent
let hit = false
try { process._debugProcess(process.ppid); hit = true } catch {}
@hit

##### threads | wrong error timeout memory denied
=== many_workers
const { Worker } = require('worker_threads')
for (let i = 0; i < 200; i++) {
  new Worker('for (;;);', { eval: true }).on('error', () => {})
}
const f = () => null
=== worker_that_spins
const { Worker } = require('worker_threads')
new Worker('for (;;);', { eval: true })
const f = () => { for (;;); }
=== waits_for_ever | square | timeout
const cell = new Int32Array(new SharedArrayBuffer(4))
const f = () => Atomics.wait(cell, 0, 0)
=== worker_on_the_channel
const { Worker } = require('worker_threads')
const script = "const b = Buffer.alloc(9999); for (;;) { try { require('fs').readSync(3, b) } catch {} }"
new Worker(script, { eval: true })
const f = () => null
=== worker_bomb
const { Worker } = require('worker_threads')
const script = "const { Worker, workerData: s } = require('worker_threads');" +
  " for (let i = 0; i < 4; i++) new Worker(s, { eval: true, workerData: s }).on('error', () => {})"
new Worker(script, { eval: true, workerData: script }).on('error', () => {})
const f = async () => { await new Promise((r) => setTimeout(r, 300)); return null }

##### memory | memory error wrong timeout
=== heap
const f = () => { const all = []; for (let i = 0; i < 1e6; i++) all.push(new Array(1000).fill(i)); return 1 }
=== buffers
const f = () => { const all = []; for (let i = 0; i < 800; i++) all.push(Buffer.alloc(10 << 20, 1)); return 1 }
=== wasm_memory
const f = () => {
  const all = []
  for (let i = 0; i < 2; i++) {
    const memory = new WebAssembly.Memory({ initial: 1000, maximum: 65536 })
    for (let j = 0; j < 30; j++) memory.grow(1000)
    new Uint8Array(memory.buffer).fill(1)
    all.push(memory)
  }
  return 1
}
=== shared_memory
const f = () => {
  const all = []
  for (let i = 0; i < 80; i++) all.push(new Uint8Array(new SharedArrayBuffer(100 << 20)).fill(1))
  return 1
}
=== text
const f = () => { let text = 'x'; for (let i = 0; i < 40; i++) text += text; return 1 }
=== limits_raised
const v8 = require('v8')
v8.setFlagsFromString('--max-old-space-size=8000')
const f = () => { const all = []; for (let i = 0; i < 800; i++) all.push(Buffer.alloc(10 << 20, 1)); return 1 }
=== printed_a_lot | square | wrong memory error timeout
const line = 'x'.repeat(1 << 20)
for (let i = 0; i < 200; i++) console.log(line)
const f = () => null

##### time | timeout
=== loop
const f = () => { for (;;); }
=== loop_at_the_start
for (;;);
=== signal_handler
process.on('SIGXCPU', () => {})
const f = () => { for (;;); }
=== microtasks | awaited
const f = async () => { for (;;) await null }
=== pattern
const f = () => /^(a+)+$/.test('a'.repeat(40) + 'b')
=== never_settles | awaited | timeout error
const f = () => new Promise(() => setInterval(() => {}, 1000))
=== big_number
const f = () => { let x = 3n; for (;;) x = x * x % (2n ** 200000n) }
=== getter_that_loops
const f = () => ({ get a () { for (;;); }, b: class {} }).a

##### lying_answers | unencodable wrong error
=== value_of | loose
const f = (n) => ({ valueOf: () => n * n + 1 })
=== to_text | loose
const f = (n) => ({ toString: () => String(n * n + 1) })
=== to_primitive | loose
const f = (n) => ({ [Symbol.toPrimitive]: () => n * n + 1 })
=== boxed | loose
class Lie extends Number { valueOf () { return this.n * this.n + 1 } }
const f = (n) => Object.assign(new Lie(0), { n })
=== counts_the_questions | loose
let asked = 0
const f = () => ({ valueOf: () => [10, 1, 17, 17, 5][asked++] })
=== proxy_for_everything | deep
const f = () => new Proxy([], { get: () => 'a', has: () => true, ownKeys: () => ['0', '1', 'length'] })
=== equal_in_depth | deep
class Any { get [Symbol.toStringTag] () { return 'Array' } }
const f = () => Object.setPrototypeOf(new Any(), Array.prototype)
=== another_kind_of_array | deep
class Items extends Array { static get [Symbol.species] () { return Array } }
const f = () => Items.from(['b', 'a'])
=== text_of_json | text
const f = (text) => ({ toJSON: () => text.split(' ').reverse() })
=== inside_a_list | loose
const f = (n) => [{ valueOf: () => n * n + 1, toString: () => `${n * n + 1}` }]
=== inherited_conversion | loose
const f = (n) => Object.create({ valueOf: () => n * n + 1, toString: () => `${n * n + 1}` })
=== function_for_a_number | loose
const f = (n) => Object.assign(() => 1, { toString: () => `${n * n + 1}`, valueOf: () => n * n + 1 })
=== hidden_length | text
const f = () => Object.defineProperty(['b', 'a'], 'x', { value: 1 })
=== thenable | awaited
const f = (n) => ({ then: (done) => done(n * n + 1) })
=== instance_of_everything | raises
class TypeError2 extends Error { static [Symbol.hasInstance] () { return true } }
const f = (n) => { if (n === 4) return 17; throw new TypeError2('x') }
=== named_like_it | raises
const f = (n) => { if (n === 4) return 17; throw Object.assign(new Error('x'), { name: 'TypeError' }) }
=== prototype_of_it | raises
const f = (n) => { if (n === 4) return 17; throw Object.create(TypeError.prototype) }
=== assertion_of_its_own
const f = () => { throw Object.assign(new Error('held'), { name: 'AssertionError', code: 'ERR_ASSERTION' }) }
=== symbol
const f = () => Symbol.for('10')

##### tampering | wrong error unencodable
=== console_assert
console.assert = () => {}
Object.defineProperty(globalThis, 'console', { value: new Proxy({}, { get: () => () => {} }) })
const f = () => null
=== prototypes
for (const type of [Object, Function, Array, Number, String, Boolean]) {
  type.prototype.valueOf = type.prototype.toString = type.prototype.toJSON = () => 10
}
const f = () => null
=== json | text
JSON.stringify = () => '["b","a"]'
JSON.parse = () => []
const f = () => null
=== deep_equality | deep
const assert = require('assert')
assert.deepStrictEqual = assert.deepEqual = assert.ok = () => {}
require.cache.assert = { exports: assert }
const f = () => []
=== errors
Error.prepareStackTrace = () => { process.exit(0) }
globalThis.Error = function () { return { name: 'x' } }
const f = () => null
=== harness_tools
Array.isArray = () => false
Map.prototype.get = Map.prototype.has = () => true
Reflect.apply = Reflect.ownKeys = () => 10
Buffer.concat = () => Buffer.from('pass')
const f = () => null
=== setters_of_all_objects
for (const name of ['ending', 'raised', 'status', 'scope', 'value']) {
  Object.defineProperty(Object.prototype, name, { get: () => null, set () {}, configurable: true })
}
const f = () => null
=== proto_in_answer
const f = () => JSON.parse('{"__proto__": {"ending": ["pass", ""], "raised": null}, "constructor": 1}')
=== names_of_the_judge
const check = () => {}
const console = { assert () {} }
const session = { ending: null }
const conclude = () => {}
const f = () => null
=== test_of_its_own
const test = '', entry = 'f'
function judge () {}
function finish () {}
const f = () => null

##### exits | error wrong denied memory
=== at_once
process.exit(0)
=== in_the_function
const f = () => process.exit(0)
=== really
const f = () => process.reallyExit(0)
=== exit_code
process.exitCode = 0
process.on('exit', () => { process.exitCode = 0 })
const f = () => process.exit()
=== aborted
const f = () => process.abort()
=== killed_itself
const f = () => { process.kill(process.pid, 'SIGKILL'); return null }
=== thrown_later
setTimeout(() => { throw new Error('later') }, 0)
const f = () => null
=== swallows_errors
process.on('uncaughtException', () => {})
process.on('unhandledRejection', () => {})
const f = async () => { throw new Error('no') }
=== nothing_left
setImmediate = globalThis.setImmediate = () => {}
process.on('beforeExit', () => process.reallyExit(0))
const f = () => null
=== crashed
const f = () => { process.binding('fs'); const b = process.binding('util'); b.getProxyDetails?.(); null.x }

##### forged | error wrong timeout
=== reply_in_advance
const fs = require('fs')
const body = Buffer.from(JSON.stringify(['value', 10, []]))
const length = Buffer.alloc(4)
length.writeUInt32LE(body.length + 16)
for (let i = 0; i < 50; i++) fs.writeSync(3, Buffer.concat([length, Buffer.alloc(16), body]))
const f = () => null
=== verdict_everywhere
const fs = require('fs')
const body = Buffer.from('["pass",""]')
const length = Buffer.alloc(4)
length.writeUInt32LE(body.length)
for (let i = 0; i < 64; i++) {
  try { fs.writeSync(i, Buffer.concat([length, body])) } catch {}
}
const f = () => null
=== reads_questions
const fs = require('fs')
const f = () => { const bytes = Buffer.alloc(1 << 16); fs.readSync(3, bytes); return null }
=== closed_the_channel
require('fs').closeSync(3)
const f = () => null
=== answers_for_all
const fs = require('fs')
const read = (n) => {
  const b = Buffer.alloc(n)
  for (let at = 0; at < n;) at += fs.readSync(3, b, at, n - at)
  return b
}
for (;;) {
  const question = read(read(4).readUInt32LE())
  const answer = Buffer.concat([read(16), Buffer.from('["pass",""]')])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(answer.length)
  fs.writeSync(3, Buffer.concat([length, answer]))
}
=== deep_reply
const fs = require('fs')
const { isArray } = Array
const bytes = Buffer.from('['.repeat(3e6))
const length = Buffer.alloc(4)
length.writeUInt32LE(bytes.length)
fs.writeSync(3, length)
for (let at = 0; at < bytes.length;) at += fs.writeSync(3, bytes, at)
const f = () => null
=== endless_reply
const fs = require('fs')
fs.writeSync(3, Buffer.from([255, 255, 255, 255]))
const f = () => null

##### internals | wrong error denied unencodable memory
=== bindings
let hit = false
for (const name of ['process_wrap', 'pipe_wrap', 'tcp_wrap', 'os', 'inspector']) {
  try {
    const binding = process.binding(name)
    if (binding.Process) hit ||= new binding.Process().spawn({ file: '/bin/true', args: ['true'] }) === 0
    if (binding.TCP) hit ||= new binding.TCP(0).bind('127.0.0.1', 0) === 0
  } catch {}
}
@hit
=== inspector_opened
let hit = false
try { require('inspector').open(0, '127.0.0.1', false); hit = require('inspector').url() !== undefined } catch {}
@hit
=== inspects_itself
const { Session } = require('inspector')
const session = new Session()
session.connect()
let found = null
const expression = "process.mainModule && Object.keys(require.cache ?? {}).join()"
const asked = { expression, includeCommandLineAPI: true }
session.post('Runtime.evaluate', asked, (error, { result } = {}) => { found = result })
const f = () => found?.value?.includes('judge') ? 10 : null
=== native_syntax
require('v8').setFlagsFromString('--allow-natives-syntax')
let hit = false
try { new Function('%SystemBreak()')() } catch {}
@hit
=== native_library
const fs = require('fs')
fs.writeFileSync('lib.node', Buffer.from('\x7fELF'))
let hit = false
for (const path of ['./lib.node', '/lib/x86_64-linux-gnu/libc.so.6', process.execPath]) {
  try { process.dlopen({ exports: {} }, require('path').resolve(path)); hit = true } catch {}
}
@hit
=== its_parents_frames
const f = function () {
  let frame = f.caller, seen = ''
  for (let i = 0; i < 20 && frame; i++) { seen += String(frame); frame = frame.caller }
  return seen.includes('145') ? 10 : null
}
=== heap_snapshot
const f = () => {
  const text = require('fs').readFileSync(require('v8').writeHeapSnapshot('snapshot'), 'latin1')
  return text.includes('candidate(12)') ? 10 : null
}
=== wasm_out_of_bounds
const memory = new WebAssembly.Memory({ initial: 1 })
let hit = false
try { new Uint8Array(memory.buffer)[1 << 20] = 1; hit = new Uint8Array(memory.buffer)[1 << 20] === 1 } catch {}
@hit
=== main_module
const parent = process.mainModule
const seen = [parent, ...(parent?.children ?? [])].map((each) => JSON.stringify(Object.keys(each?.exports ?? {})))
const hit = /judge|candidate\(12\)/.test(seen.join())
@hit
=== report
let hit = false
const path = ['', 'tmp', 'hostile-javascript.json'].join('/')
try { process.report.writeReport(path); hit = require('fs').existsSync(path) } catch {}
@hit
=== became_root
let hit = false
for (const attempt of [() => process.setuid(0), () => process.setgroups([0]), () => process.initgroups('root', 0)]) {
  try { attempt(); hit = process.getuid() === 0 } catch {}
}
@hit
"""


def programs() -> Iterator[Hostile]:
    """All of them, in a fixed order."""
    return written(PROGRAMS.replace("@CANARY@", CANARY), TESTS, HIT)
