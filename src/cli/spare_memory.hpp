#pragma once

namespace mooring::cli {

/// Gives back what only the start needed. Once, when a gateway has come to rest; whatever is needed
/// again comes back by itself.
///
/// Heap: reading the configuration and connecting to everybody at once leaves free blocks behind.
/// Code: the kernel maps 64 KB around every instruction that ever ran, so that half of the start
/// (arguments, configuration, relocation, OpenSSL's tables) stays mapped for as long as the process
/// lives. All of it is in the page cache, shared with every other process that runs it, and found
/// there again for some 100 ns a page.
void give_back_spare_memory();

}  // namespace mooring::cli
