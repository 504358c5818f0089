#include "auth/device_code.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/redact.hpp"

namespace mooring::auth {

namespace json = boost::json;

namespace {

constexpr core::Duration slower = std::chrono::seconds(5);  ///< RFC 8628 §3.5
constexpr core::Duration slowest = std::chrono::minutes(2);
constexpr std::chrono::seconds longest_wait = std::chrono::hours(1);

std::string text(const json::object& from, json::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

std::chrono::seconds seconds(
    const json::object& from, json::string_view name, std::chrono::seconds otherwise
) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || !value->is_number()) return otherwise;
  const auto number = value->to_number<double>();
  if (!(number > 0)) return otherwise;
  return std::chrono::seconds(static_cast<long long>(std::min(number, 3600.0)));
}

}  // namespace

DeviceCode::DeviceCode(
    core::Url device_endpoint, core::Url token_endpoint, std::string issuer, TokenClient client,
    std::string resource, std::vector<std::string> scopes, core::Random& random
)
    : device_endpoint_(std::move(device_endpoint)),
      token_endpoint_(std::move(token_endpoint)),
      issuer_(std::move(issuer)),
      client_(std::move(client)),
      resource_(std::move(resource)),
      scopes_(std::move(scopes)),
      random_(random),
      result_(std::unexpected(TokenError{.transient = true, .text = "not finished"})) {}

std::optional<Request> DeviceCode::next(SystemTime now) {
  if (done_) return std::nullopt;
  if (!prompt_) {
    Fields fields;
    if (!resource_.empty()) fields.emplace_back("resource", resource_);
    if (!scopes_.empty()) fields.emplace_back("scope", join_scopes(scopes_));
    // It authenticates as at the token endpoint (RFC 8628 §3.1); a proof belongs to tokens alone.
    auto client = client_;
    client.prover = nullptr;
    return TokenRequest(device_endpoint_, issuer_, std::move(fields), client, random_, now).next();
  }
  if (now >= ends_) {
    done_ = true;
    result_ = std::unexpected(
        TokenError{"expired_token", false, {}, "nobody entered the code in time; start again"}
    );
    return std::nullopt;
  }
  // A nonce is answered at once, everything else after the interval.
  const bool again = poll_.has_value();
  if (!again) {
    poll_.emplace(
        token_endpoint_, issuer_, device_grant(device_code_, resource_), client_, random_, now
    );
  }
  auto request = poll_->next();
  if (request && !again) request->after = interval_;
  return request;
}

void DeviceCode::take(const Reply& reply, SystemTime now) {
  if (!prompt_) return took_codes(reply, now);
  poll_->take(reply);
  if (poll_->next()) return;
  result_ = poll_->result();
  poll_.reset();
  took_tokens();
}

void DeviceCode::took_codes(const Reply& reply, SystemTime now) {
  boost::system::error_code error;
  const auto parsed = json::parse(reply.body, error);
  const auto* body = error ? nullptr : parsed.if_object();
  DevicePrompt prompt;
  if (reply.ok() && body != nullptr) {
    device_code_ = text(*body, "device_code");
    prompt.user_code = text(*body, "user_code");
    prompt.verification_uri = text(*body, "verification_uri");
    if (prompt.verification_uri.empty()) prompt.verification_uri = text(*body, "verification_url");
    prompt.verification_uri_complete = text(*body, "verification_uri_complete");
    prompt.expires_in = seconds(*body, "expires_in", std::chrono::minutes(10));
    interval_ = seconds(*body, "interval", std::chrono::seconds(5));
  }
  if (device_code_.empty() || prompt.user_code.empty() || prompt.verification_uri.empty()) {
    done_ = true;
    auto why = read_token_answer(reply);
    if (why) why = std::unexpected(TokenError{.text = "it answered without a device code"});
    result_ = std::move(why);
    return;
  }
  core::register_secret(device_code_);
  ends_ = now + std::min(prompt.expires_in, longest_wait);
  prompt_ = std::move(prompt);
}

void DeviceCode::took_tokens() {
  if (result_) {
    done_ = true;
    return;
  }
  const auto& error = result_.error();
  if (error.code == "authorization_pending") return;
  if (error.code == "slow_down") {
    interval_ = std::min(interval_ + slower, slowest);
  } else if (error.transient) {
    // RFC 8628 §3.5: back off where the connection breaks.
    interval_ = std::min(interval_ * 2, slowest);
    if (error.retry_after) interval_ = std::clamp(*error.retry_after, interval_, slowest);
  } else {
    done_ = true;
  }
}

}  // namespace mooring::auth
