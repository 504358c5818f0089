#pragma once

// The one door to Asio. Precompiled for every room that drives coroutines.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/frame_pool.hpp"

namespace mooring {
namespace asio = boost::asio;
template <class T = void>
using awaitable = boost::asio::awaitable<T>;
}  // namespace mooring
