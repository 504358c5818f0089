#include "gateway/rewrites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/json_edit.hpp"

namespace mooring::gateway {

namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// Where code point number `count` of `text` begins.
std::size_t offset_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) continue;
    if (count-- == 0) break;
  }
  return at;
}

std::string shortened(std::string_view text, std::size_t total, std::size_t max_chars) {
  const auto notice = [&](std::size_t cut) {
    return fmt::format("\n[… {} of {} characters cut: limits.result_chars …]\n", cut, total);
  };
  const auto notice_size = code_points(notice(total));
  // The limit includes the notice, except where it is too small to hold one.
  const auto kept = max_chars > notice_size ? max_chars - notice_size : max_chars;
  const auto head = kept - kept / 2;
  const auto head_end = offset_of(text, head);
  const auto tail_begin = head_end + offset_of(text.substr(head_end), total - kept);
  std::string out(text.substr(0, head_end));
  out += notice(total - kept);
  out += text.substr(tail_begin);
  return out;
}

/// The raw text token of a text block that is too long.
void shorten_block(JsonEdit& edit, std::string_view block, std::size_t max_chars) {
  if (protocol::string_member(block, "type") != "text") return;
  protocol::for_each_member(block, [&](std::string_view key, std::string_view value) {
    // The raw token is never shorter than its text, so this spares the unescaping of nearly
    // everything.
    if (!is_key(key, "text") || !protocol::is_string(value) || value.size() - 2 <= max_chars) {
      return true;
    }
    const auto text = protocol::unescape(value);
    if (const auto total = code_points(text); total > max_chars) {
      edit.replace(value, protocol::quote(shortened(text, total, max_chars)));
    }
    return true;
  });
}

}  // namespace

std::string stringify_prompt_arguments(std::string_view arguments) {
  if (!protocol::is_object(arguments)) return "{}";
  std::string out = "{";
  protocol::for_each_member(arguments, [&](std::string_view key, std::string_view value) {
    if (protocol::is_null(value)) return true;
    if (out.size() > 1) out += ',';
    out += key;
    out += ':';
    if (protocol::is_string(value)) {
      out += value;
    } else {
      out += protocol::quote(protocol::one_line(value));
    }
    return true;
  });
  out += '}';
  return out;
}

std::optional<std::string> trim_result(std::string_view result, std::size_t max_chars) {
  if (result.size() <= max_chars) return std::nullopt;
  JsonEdit edit(result);
  protocol::for_each_member(result, [&](std::string_view key, std::string_view value) {
    if (is_key(key, "content") && protocol::is_array(value)) {
      protocol::for_each_element(value, [&](std::string_view block) {
        shorten_block(edit, block, max_chars);
        return true;
      });
    }
    return true;
  });
  if (!edit.touched()) return std::nullopt;
  return std::move(edit).finish();
}

std::string cap_max_tokens(std::string_view params, long long max_tokens) {
  const auto cap = std::to_string(max_tokens);
  JsonEdit edit(params);
  bool present = false;
  // Every occurrence: which of two equal keys the client reads is its own choice.
  protocol::for_each_member(params, [&](std::string_view key, std::string_view value) {
    if (!is_key(key, "maxTokens")) return true;
    present = true;
    double asked = 0;
    const auto* end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, asked);
    const bool number = error == std::errc{} && stop == end;
    if (!number || asked > static_cast<double>(max_tokens)) edit.replace(value, cap);
    return true;
  });
  if (!present) return protocol::with_member(params, "maxTokens", cap);
  return std::move(edit).finish();
}

}  // namespace mooring::gateway
