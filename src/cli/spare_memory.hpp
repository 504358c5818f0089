#pragma once

namespace mooring::cli {

/// Gives back what only the start needed. Once, when a gateway has come to rest; whatever is needed
/// again comes back by itself.
///
/// Heap: reading the configuration and connecting to everybody at once leaves free blocks behind.
/// Code: the kernel maps 64 KB around every instruction that ever ran, and so most of the start
/// (arguments, configuration, relocation, OpenSSL's tables) stays mapped for as long as the process
/// lives. All of it is in the page cache, shared with every other process that runs it, and mapped
/// again from there in a few microseconds.
void give_back_start();

/// Gives back what is free of the heap, where that is most of it: many clients were here. glibc
/// does so by itself at the very end of the heap alone. Takes milliseconds, so not too often.
void give_back_heap();

}  // namespace mooring::cli
