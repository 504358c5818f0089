#include "gateway/session_codec.hpp"

#include <mutex>

namespace mooring::gateway {

namespace {

constexpr std::string_view context = "mcp-session-1";

void put_number(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>((value >> shift) & 0xff));
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

/// Reads what put_* wrote; after the first thing that does not fit everything is empty and `ok`
/// false.
struct Reader {
  std::string_view rest;
  bool ok = true;

  std::uint64_t number() {
    if (rest.size() < 8) {
      ok = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
      value = value << 8 | static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
    rest.remove_prefix(8);
    return value;
  }

  std::string text() {
    const auto size = number();
    if (!ok || size > rest.size()) {
      ok = false;
      return {};
    }
    std::string value(rest.substr(0, size));
    rest.remove_prefix(size);
    return value;
  }
};

}  // namespace

void Revocations::add(const std::string& key, Time until) {
  const std::unique_lock lock(mutex_);
  keys_.insert_or_assign(key, until);
  any_.store(true, std::memory_order_release);
}

bool Revocations::contains(const std::string& key) const {
  if (!any_.load(std::memory_order_acquire)) return false;
  const std::shared_lock lock(mutex_);
  return keys_.contains(key);
}

void Revocations::purge(Time now) {
  const std::unique_lock lock(mutex_);
  std::erase_if(keys_, [now](const auto& entry) { return entry.second <= now; });
}

std::string SessionCodec::seal(const ClientSession& session, Time now) const {
  std::string plain;
  const auto created =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  put_number(plain, static_cast<std::uint64_t>(created));
  put_number(plain, static_cast<std::uint64_t>(session.version));
  put_text(plain, session.key);
  put_text(plain, session.endpoint);
  put_text(plain, session.capabilities);
  put_text(plain, session.client_name);
  put_text(plain, session.principal);
  return sealer_.seal(plain, context);
}

std::optional<SessionCodec::Opened> SessionCodec::open(std::string_view token, Time now) const {
  const auto plain = sealer_.open(token, context);
  if (!plain) return std::nullopt;
  Reader reader{*plain};
  Opened opened;
  const auto created = reader.number();
  const auto version = reader.number();
  opened.session.key = reader.text();
  opened.session.endpoint = reader.text();
  opened.session.capabilities = reader.text();
  opened.session.client_name = reader.text();
  opened.session.principal = reader.text();
  if (!reader.ok || !reader.rest.empty()) return std::nullopt;
  if (version > static_cast<std::uint64_t>(protocol::latest_legacy)) return std::nullopt;
  opened.session.version = static_cast<protocol::Version>(version);
  opened.session.id = token;
  opened.expires = Time(std::chrono::seconds(created)) + ttl_;
  if (opened.expires <= now) return std::nullopt;
  return opened;
}

}  // namespace mooring::gateway
