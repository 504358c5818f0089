#pragma once

#include <cstdint>

namespace mooring::io {

/// Lets this process have as many descriptors as the hard limit allows: a connection is one, and
/// the usual soft limit of 1,024 is meant for programs that use select(). Children get the limit
/// back that it was. Before there are other threads.
void raise_descriptor_limit();
/// The soft limit that children get; 0: the one this process has.
std::uint64_t descriptor_limit_of_children();

}  // namespace mooring::io
