#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/frame.hpp"

namespace mooring::transport {

/// Decides to whom a line of a stdio server belongs: there is one stream for everything. Pure; ids
/// and tokens are raw JSON.
class StdioRouter {
 public:
  /// `one_client`: all calls are those of one client, so that whatever a server asks is for it.
  explicit StdioRouter(bool one_client = false) : one_client_(one_client) {}

  enum class To { call, listener, nobody };
  struct Target {
    To to = To::nobody;
    std::string id;  ///< of the call
  };

  void add(std::string id, std::string progress_token, bool from_client);
  void remove(std::string_view id);

  /// Responses go by id, progress by its token, `list_changed`, `resources/updated` and what
  /// else only subscriptions bring to the listener. All else belongs to the one client's call in
  /// flight when there is exactly one (to the newest where all are those of one client), and to the
  /// listener otherwise. Answers to and progress of
  /// calls that are gone belong to nobody.
  Target route(const protocol::Frame& frame);

 private:
  struct Call {
    std::string progress_token;
    bool from_client = false;
    std::uint64_t number = 0;  ///< in the order in which they came
  };
  Target response(const protocol::Frame& frame) const;
  Target progress(const protocol::Frame& frame) const;
  Target unaddressed() const;

  std::map<std::string, Call, std::less<>> calls_;
  std::size_t from_client_ = 0;
  bool one_client_;
  std::uint64_t last_number_ = 0;
  /// Requests of the server that were given to a call: what cancels one must follow it.
  std::map<std::string, std::string, std::less<>> asked_;
};

}  // namespace mooring::transport
