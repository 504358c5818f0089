#include "core/proxy_env.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>

namespace mooring::core {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto value = number<std::uint8_t>(text.substr(0, dot));
    if (!value) return std::nullopt;
    address = address << 8 | *value;
    text.remove_prefix(part < 3 ? dot + 1 : dot);
  }
  return address;
}

/// "host:443" → 443, and leaves the host. An IPv6 address has brackets when it has a port.
std::optional<std::uint16_t> take_port(std::string_view& host) {
  std::optional<std::uint16_t> port;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    if (host.substr(close + 1).starts_with(':'))
      port = number<std::uint16_t>(host.substr(close + 2));
    host = host.substr(1, close - 1);
    return port;
  }
  const std::size_t colon = host.find(':');
  if (colon == std::string_view::npos || host.find(':', colon + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  port = number<std::uint16_t>(host.substr(colon + 1));
  host = host.substr(0, colon);
  return port;
}

}  // namespace

ProxySettings ProxySettings::from(const Lookup& lookup) {
  ProxySettings out;
  std::optional<Url> all;
  out.read_proxy(lookup, "ALL_PROXY", all);
  out.http_ = all;
  out.https_ = all;
  out.read_proxy(lookup, "HTTP_PROXY", out.http_);
  out.read_proxy(lookup, "HTTPS_PROXY", out.https_);
  auto exceptions = lookup("no_proxy");
  if (!exceptions || exceptions->empty()) exceptions = lookup("NO_PROXY");
  if (exceptions) out.read_exceptions(*exceptions);
  return out;
}

ProxySettings ProxySettings::from_environment() {
  return from([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  });
}

void ProxySettings::read_proxy(const Lookup& lookup, const char* name, std::optional<Url>& out) {
  auto value = lookup(lower(name));
  if (!value || trim(*value).empty()) value = lookup(name);
  if (!value) return;
  const std::string_view text = trim(*value);
  if (text.empty()) return;
  const std::string url = text.find("://") == std::string_view::npos
                              ? fmt::format("http://{}", text)
                              : std::string(text);
  // The value itself may hold a password, so that only its scheme is repeated.
  const std::string scheme = lower(url.substr(0, url.find("://")));
  if (scheme != "http" && scheme != "https") {
    problems_.push_back(
        fmt::format("{}: a proxy of the kind {}:// is not supported and is ignored", name, scheme)
    );
    return;
  }
  auto parsed = Url::parse(url);
  if (!parsed) {
    problems_.push_back(fmt::format("{}: the value is not a URL and is ignored", name));
    return;
  }
  out = std::move(*parsed);
}

void ProxySettings::read_exceptions(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = list.find_first_of(", \t");
    std::string_view entry = trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (entry.empty()) continue;
    Exception exception;
    if (entry == "*") {
      exception.kind = Exception::Kind::any;
      exceptions_.push_back(std::move(exception));
      continue;
    }
    if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
      const auto address = ipv4(entry.substr(0, slash));
      const auto bits = number<unsigned>(entry.substr(slash + 1));
      if (!address || !bits || *bits > 32) continue;
      exception.kind = Exception::Kind::network;
      exception.mask = *bits == 0 ? 0 : ~std::uint32_t{0} << (32 - *bits);
      exception.network = *address & exception.mask;
      exceptions_.push_back(std::move(exception));
      continue;
    }
    exception.port = take_port(entry);
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    exception.kind = entry.starts_with('.') ? Exception::Kind::suffix : Exception::Kind::host;
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.ends_with('.')) entry.remove_suffix(1);
    exception.host = lower(entry);
    if (!exception.host.empty()) exceptions_.push_back(std::move(exception));
  }
}

bool ProxySettings::is_direct(const Url& url) const {
  if (url.is_loopback()) return true;
  std::string_view host = url.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto address = ipv4(host);
  for (const Exception& exception : exceptions_) {
    if (exception.port && *exception.port != url.port) continue;
    switch (exception.kind) {
      case Exception::Kind::any:
        return true;
      case Exception::Kind::network:
        if (address && (*address & exception.mask) == exception.network) return true;
        break;
      case Exception::Kind::host:
      case Exception::Kind::suffix: {
        // curl: "example.com" and ".example.com" both mean the host and everything below it.
        if (host == exception.host) return true;
        if (!address && host.size() > exception.host.size() && host.ends_with(exception.host) &&
            host[host.size() - exception.host.size() - 1] == '.') {
          return true;
        }
        break;
      }
    }
  }
  return false;
}

std::optional<Url> ProxySettings::proxy_for(const Url& url) const {
  const std::optional<Url>& proxy = url.is_tls() ? https_ : http_;
  if (!proxy || is_direct(url)) return std::nullopt;
  return proxy;
}

}  // namespace mooring::core
