"""Modules of WebAssembly, as text: they behave, and they do not."""

IMPORTS = """
 (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
 (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
 (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
 (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env (param i32 i32) (result i32)))
 (import "wasi_snapshot_preview1" "path_open" (func $open
   (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
 (memory (export "memory") 1)
"""
# What was read lies at 100; its place and length at 0 and 4, and how much it was at 8.
READ = """
 (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 1000))
 (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
 (i32.store (i32.const 4) (i32.load (i32.const 8)))
"""
WRITE = "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
COMPLAIN = "(drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))"


def module(body: str, more: str = "") -> str:
    """A WASI command that does this."""
    return f'(module {IMPORTS} {more} (func (export "_start") {body}))'


def digit(value: str) -> str:
    """Write a small number."""
    return f"""
     (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 1))
     (i32.store8 (i32.const 100) (i32.add (i32.const 48) {value})) {WRITE}
    """


ECHO = module(READ + WRITE)
FAILS = module(READ + COMPLAIN + "(call $exit (i32.const 3))")
EXITS_WELL = module(READ + WRITE + "(call $exit (i32.const 0))")
TRAPS = module("unreachable")
SPINS = module("(loop $l (br $l))")
FLOODS = module(f"(loop $l {READ} (i32.store (i32.const 4) (i32.const 60000)) {WRITE} (br $l))")
# 1 where 96 MiB more are to be had, else 0.
GROWS = module(digit("(i32.ne (memory.grow (i32.const 1536)) (i32.const -1))"))
# How many variables there are.
LOOKS_AROUND = module(
    "(drop (call $env (i32.const 200) (i32.const 204)))" + digit("(i32.load (i32.const 200))")
)
# 8 is EBADF: there is no folder to open anything in.
OPENS = module(
    digit(
        "(call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 4) (i32.const 0)"
        " (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 300))"
    ),
    '(data (i32.const 100) "etc/")',
)
NO_COMMAND = f'(module {IMPORTS} (func (export "other")))'
WANTS_MORE = (
    '(module (import "env" "system" (func)) (memory (export "memory") 1) (func (export "_start")))'
)
