#include "transport/http_wire.hpp"

#include <algorithm>
#include <array>
#include <mooring/version.hpp>

namespace mooring::transport {

namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_credential(std::string_view name) {
  constexpr std::array<std::string_view, 3> credentials = {
      "Authorization", "Cookie", "Proxy-Authorization"
  };
  return std::ranges::any_of(credentials, [&](auto c) { return equals_ignoring_case(c, name); });
}

/// Headers whose meaning belongs to the transport: a configured value could only break it.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 10> reserved = {
      "Accept",   "Content-Type",  "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method",
      "Mcp-Name", "Last-Event-ID", "Content-Length", "Connection",           "Transfer-Encoding"
  };
  constexpr std::string_view mirrored = "Mcp-Param-";
  return std::ranges::any_of(reserved, [&](auto r) { return equals_ignoring_case(r, name); }) ||
         equals_ignoring_case(name.substr(0, mirrored.size()), mirrored);
}

awaitable<HttpWire::Answer> refused(io::HttpFailure failure) {
  co_return std::unexpected(std::move(failure));
}

}  // namespace

HttpWire::HttpWire(
    io::Worker& worker, const UpstreamConfig& config, io::HttpClientOptions options,
    std::shared_ptr<const Credentials> credentials
)
    : url_(core::Url::parse(config.url)),
      credentials_(
          credentials ? std::move(credentials) : std::make_shared<const Credentials>(config.headers)
      ),
      strict_redirect_headers_(options.strict_redirect_headers),
      client_(std::make_unique<io::HttpClient>(worker, std::move(options))) {
  look_at_credentials();
}

/// One comparison, as long as they are the same.
void HttpWire::look_at_credentials() {
  if (current_ && current_->version == credentials_->version()) return;
  current_ = credentials_->current();
  configured_.clear();
  post_headers_.reset();
  own_user_agent_ = true;
  for (const auto& [name, value] : current_->headers) {
    if (is_reserved(name)) continue;
    if (equals_ignoring_case(name, "User-Agent")) own_user_agent_ = false;
    configured_.push_back({name, value});
  }
  if (!current_->token.empty()) {
    configured_.push_back(
        {"Authorization", (current_->proof ? "DPoP " : "Bearer ") + current_->token}
    );
  }
  const bool elsewhere = endpoint_ && !(url_ && url_->same_origin(*endpoint_));
  if (!elsewhere) return;
  std::erase_if(configured_, [&](const auto& header) {
    return strict_redirect_headers_ || is_credential(header.name);
  });
}

void HttpWire::post_to(core::Url endpoint) {
  endpoint_ = std::move(endpoint);
  current_.reset();
  look_at_credentials();
}

HttpWire::Headers HttpWire::headers(const SessionHeaders* session, std::string_view accept) {
  look_at_credentials();
  Headers all;
  all.reserve(configured_.size() + 6);
  all = configured_;
  if (own_user_agent_) all.push_back({"User-Agent", "mooring/" MOORING_VERSION});
  all.push_back({"Accept", std::string(accept)});
  if (session == nullptr) return all;
  if (!session->protocol_version.empty()) {
    all.push_back({"MCP-Protocol-Version", session->protocol_version});
  }
  if (!session->session_id.empty()) all.push_back({"Mcp-Session-Id", session->session_id});
  return all;
}

std::shared_ptr<const HttpWire::Headers> HttpWire::post_headers(const SessionHeaders* session) {
  static const SessionHeaders none;
  const auto& wanted = session != nullptr ? *session : none;
  look_at_credentials();
  if (!post_headers_ || posts_in_.session_id != wanted.session_id ||
      posts_in_.protocol_version != wanted.protocol_version) {
    auto all = headers(session, "application/json, text/event-stream");
    all.push_back({"Content-Type", "application/json"});
    post_headers_ = std::make_shared<const Headers>(std::move(all));
    posts_in_ = wanted;
  }
  return post_headers_;
}

awaitable<HttpWire::Answer> HttpWire::post(
    std::string bytes, const SessionHeaders* session, io::AbortSource* abort,
    std::optional<core::TimePoint> deadline,
    const std::vector<std::pair<std::string, std::string>>& more_headers
) {
  io::OutgoingHttpRequest request;
  request.method = "POST";
  request.shared_headers = post_headers(session);
  for (const auto& [name, value] : more_headers) request.headers.push_back({name, value});
  request.body = std::move(bytes);
  request.abort = abort;
  request.deadline = deadline;
  if (endpoint_) request.url = *endpoint_;
  return send(std::move(request));
}

awaitable<HttpWire::Answer> HttpWire::get(
    const SessionHeaders* session, std::string_view last_event_id, io::AbortSource* abort,
    std::optional<core::TimePoint> deadline
) {
  io::OutgoingHttpRequest request;
  request.method = "GET";
  request.headers = headers(session, "text/event-stream");
  if (!last_event_id.empty()) {
    request.headers.push_back({"Last-Event-ID", std::string(last_event_id)});
  }
  request.abort = abort;
  request.deadline = deadline;
  return send(std::move(request));
}

awaitable<HttpWire::Answer> HttpWire::remove(
    const SessionHeaders& session, core::TimePoint deadline
) {
  io::OutgoingHttpRequest request;
  request.method = "DELETE";
  request.headers = headers(&session, "application/json, text/event-stream");
  request.deadline = deadline;
  return send(std::move(request));
}

awaitable<HttpWire::Answer> HttpWire::send(io::OutgoingHttpRequest&& request) {
  io::HttpFailure failure;
  if (!url_) {
    failure.stage = io::HttpFailure::Stage::resolve;
    failure.message = url_.error().detail;
    return refused(std::move(failure));
  }
  if (!client_) {
    failure.aborted = true;
    failure.message = "the channel was closed";
    return refused(std::move(failure));
  }
  if (request.url.host.empty()) request.url = *url_;
  request.configured_headers = configured_.size();
  if (current_->proof) return send_with_proof(current_, std::move(request));
  return client_->send(std::move(request));
}

/// A proof for this request alone; once more with the nonce where the server wants one, which is
/// safe: it looked at nothing else (RFC 9449 §9).
awaitable<HttpWire::Answer> HttpWire::send_with_proof(
    std::shared_ptr<const Credentials::Value> with, io::OutgoingHttpRequest request
) {
  for (int tries = 0;; ++tries) {
    auto once = request;
    once.headers.push_back({"DPoP", with->proof->proof(request.method, request.url, with->token)});
    auto answer = co_await client_->send(std::move(once));
    if (!answer) co_return answer;
    const auto& response = **answer;
    const auto nonce = response.header("dpop-nonce");
    if (!nonce.empty()) with->proof->nonce(request.url, nonce);
    const bool wanted =
        response.status() == 401 && !nonce.empty() &&
        response.header("www-authenticate").find("use_dpop_nonce") != std::string_view::npos;
    if (!wanted || tries > 0 || !client_) co_return answer;
  }
}

}  // namespace mooring::transport
