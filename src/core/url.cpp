#include "core/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url.hpp>
#include <charconv>
#include <optional>

#include "core/redact.hpp"

namespace mooring::core {
namespace {

namespace urls = boost::urls;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(Reason::usage, fmt::format("'{}' is not a usable URL: {}", redact(text), why));
}

/// What stands before "://" or the first colon, as the user meant it.
std::optional<std::string_view> scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  return text.substr(0, colon);
}

Result<void> check_scheme(std::string_view text) {
  const auto scheme = scheme_of(text);
  if (!scheme) return refuse(text, "it must begin with http:// or https://");
  const std::string name = lower(*scheme);
  if (name == "http" || name == "https") return {};
  const bool has_slashes = text.substr(scheme->size()).starts_with("://");
  if (!has_slashes) return refuse(text, "it must begin with http:// or https://");
  return refuse(text, fmt::format("the scheme '{}' is not supported, use http or https", *scheme));
}

Result<std::string> host_of(std::string_view text, const urls::url_view& url) {
  if (url.host_type() == urls::host_type::ipv6) return url.host_ipv6_address().to_string();
  if (url.host_type() == urls::host_type::ipvfuture) {
    return refuse(text, "this form of address is not supported");
  }
  std::string host = lower(url.host());
  if (host.empty()) return refuse(text, "the host is empty");
  if (!std::ranges::all_of(host, is_host_character)) {
    return refuse(
        text, "the host has characters that no host name has (write it in ASCII, as xn--…)"
    );
  }
  return host;
}

Result<std::uint16_t> port_of(
    std::string_view text, const urls::url_view& url, std::string_view scheme
) {
  if (!url.has_port() || url.port().empty()) return default_port(scheme);
  const std::string_view digits = url.port();
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
    return refuse(text, "the port is not a number from 1 to 65535");
  }
  return port;
}

std::string userinfo_of(const urls::url_view& url) {
  if (!url.has_userinfo()) return {};
  std::string out = url.user();
  if (url.has_password()) out += ":" + url.password();
  return out;
}

std::string bracketed(std::string_view host) {
  return host.find(':') == std::string_view::npos ? std::string(host) : fmt::format("[{}]", host);
}

}  // namespace

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

Result<Url> Url::parse(std::string_view text) {
  if (auto known = check_scheme(text); !known) return std::unexpected(std::move(known.error()));
  const auto parsed = urls::parse_uri(text);
  if (parsed.has_error()) {
    if (text.ends_with("://")) return refuse(text, "the host is empty");
    return refuse(text, "it breaks the rules of RFC 3986");
  }
  const urls::url_view& url = *parsed;
  if (!url.has_authority()) return refuse(text, "the host is missing after '://'");
  Url out;
  out.scheme = lower(url.scheme());
  auto host = host_of(text, url);
  if (!host) return std::unexpected(std::move(host.error()));
  out.host = std::move(*host);
  auto port = port_of(text, url, out.scheme);
  if (!port) return std::unexpected(std::move(port.error()));
  out.port = *port;
  const std::string_view path = url.encoded_path();
  // Boost.URL 1.81 reads the port of "http://host:p" as a path.
  if (!path.empty() && path.front() != '/') return refuse(text, "it breaks the rules of RFC 3986");
  out.target = path.empty() ? "/" : std::string(path);
  if (url.has_query()) {
    const std::string_view query = url.encoded_query();
    out.target.append("?").append(query);
  }
  out.userinfo = userinfo_of(url);
  return out;
}

// Every outgoing request asks for these two.
std::string Url::authority() const {
  std::string out = bracketed(host);
  if (port == default_port(scheme)) return out;
  const fmt::format_int digits(port);
  out.append(":").append(digits.data(), digits.size());
  return out;
}

std::string Url::origin() const {
  std::string out;
  out.reserve(scheme.size() + host.size() + 12);
  out.append(scheme).append("://").append(authority());
  return out;
}

std::string Url::text() const { return origin() + target; }

std::string Url::path() const { return target.substr(0, target.find('?')); }

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

bool Url::is_loopback() const { return is_loopback_host(host); }

Result<Url> Url::resolve(std::string_view reference) const {
  const auto parsed = urls::parse_uri_reference(reference);
  if (parsed.has_error()) return refuse(reference, "it breaks the rules of RFC 3986");
  const std::string base = text();
  urls::url joined;
  const auto done = urls::resolve(urls::url_view(base), *parsed, joined);
  if (done.has_error()) return refuse(reference, "it cannot be resolved");
  auto out = parse(std::string_view(joined.data(), joined.size()));
  if (!out) return out;
  // Boost.URL 1.81 keeps the steps above the root, which RFC 3986 §5.2.4 drops.
  while (out->target.starts_with("/../")) out->target.erase(0, 3);
  if (out->path() == "/..") out->target.erase(1, 2);
  if (!parsed->has_authority()) out->userinfo = userinfo;
  return out;
}

bool is_loopback_host(std::string_view host) {
  if (host == "127.0.0.1" || host == "localhost") return true;  // asked of every request's Host
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.find(':') != std::string_view::npos) {
    const auto address = urls::parse_ipv6_address(host);
    if (address.has_error()) return false;
    const auto bytes = address->to_bytes();
    const bool zeros =
        std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; });
    if (zeros && bytes[10] == 0xFF && bytes[11] == 0xFF) return bytes[12] == 127;
    return address->is_loopback();
  }
  if (const auto address = urls::parse_ipv4_address(host); !address.has_error()) {
    return address->to_bytes()[0] == 127;
  }
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  return name == "localhost" || name.ends_with(".localhost");
}

namespace {

bool is_private_ipv4(const urls::ipv4_address::bytes_type& bytes) {
  const auto first = bytes[0];
  const auto second = bytes[1];
  switch (first) {
    case 0:
    case 10:
    case 127:
      return true;
    case 100:
      return second >= 64 && second < 128;
    case 169:
      return second == 254;
    case 172:
      return second >= 16 && second < 32;
    case 192:
      return second == 168 || (second == 0 && bytes[2] == 0);
    case 198:
      return second == 18 || second == 19;
    default:
      return first >= 224;
  }
}

}  // namespace

bool is_private_address(std::string_view literal) {
  if (literal.starts_with('[') && literal.ends_with(']'))
    literal = literal.substr(1, literal.size() - 2);
  literal = literal.substr(0, literal.find('%'));  // a zone (RFC 6874)
  if (const auto v4 = urls::parse_ipv4_address(literal); !v4.has_error())
    return is_private_ipv4(v4->to_bytes());
  const auto v6 = urls::parse_ipv6_address(literal);
  if (v6.has_error()) return false;
  const auto bytes = v6->to_bytes();
  const auto zeros = [&](std::size_t count) {
    return std::all_of(
        bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count),
        [](auto byte) { return byte == 0; }
    );
  };
  const urls::ipv4_address::bytes_type tail = {bytes[12], bytes[13], bytes[14], bytes[15]};
  const bool mapped = zeros(10) && bytes[10] == 0xFF && bytes[11] == 0xFF;
  const bool nat64 = bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == 0xFF && bytes[3] == 0x9B;
  if (mapped || nat64 || zeros(12)) return is_private_ipv4(tail);
  if (bytes[0] == 0xFE && bytes[1] >= 0x80) return true;  // link-local, site-local
  return (bytes[0] & 0xFE) == 0xFC || bytes[0] == 0xFF;
}

}  // namespace mooring::core
