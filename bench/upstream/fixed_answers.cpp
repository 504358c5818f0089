#include "upstream/fixed_answers.hpp"

#include <fmt/format.h>

#include "protocol/json_scan.hpp"

namespace mooring::bench {

namespace {

constexpr std::string_view session_header = "Mcp-Session-Id: bench\r\n";

void put_status(std::string& out, int status, std::string_view reason, std::string_view headers) {
  fmt::format_to(
      std::back_inserter(out), "HTTP/1.1 {} {}\r\n{}Content-Length: 0\r\n\r\n", status, reason,
      headers
  );
}

void put_json(
    std::string& out, std::string_view headers, std::string_view id, std::string_view member,
    std::string_view value
) {
  const auto size = 27 + id.size() + member.size() + value.size();
  fmt::format_to(
      std::back_inserter(out),
      "HTTP/1.1 200 OK\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n"
      R"({{"jsonrpc":"2.0","id":{},"{}":{}}})",
      headers, size, id, member, value
  );
}

void put_events(
    std::string& out, std::string_view headers, std::string_view id, std::string_view member,
    std::string_view value
) {
  const auto size = 23 + 27 + id.size() + member.size() + value.size();
  fmt::format_to(
      std::back_inserter(out),
      "HTTP/1.1 200 OK\r\n{}Content-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n\r\n{:x}\r\nevent: message\ndata: "
      R"({{"jsonrpc":"2.0","id":{},"{}":{}}})"
      "\n\n\r\n0\r\n\r\n",
      headers, size, id, member, value
  );
}

void put_line(
    std::string& out, std::string_view id, std::string_view member, std::string_view value
) {
  fmt::format_to(
      std::back_inserter(out),
      R"({{"jsonrpc":"2.0","id":{},"{}":{}}})"
      "\n",
      id, member, value
  );
}

void put_message(
    std::string& out, Framing framing, std::string_view headers, std::string_view id,
    std::string_view member, std::string_view value
) {
  switch (framing) {
    case Framing::json:
      return put_json(out, headers, id, member, value);
    case Framing::events:
      return put_events(out, headers, id, member, value);
    case Framing::line:
      return put_line(out, id, member, value);
  }
}

}  // namespace

FixedAnswers::FixedAnswers(unsigned tools, std::size_t text_bytes) {
  tool_list_ = R"({"tools":[{"name":"echo","description":"Answers the same every time",)"
               R"("inputSchema":{"type":"object"}})";
  for (unsigned i = 1; i < tools; ++i) {
    fmt::format_to(
        std::back_inserter(tool_list_),
        R"(,{{"name":"tool_{}","description":"Answers the same every time",)"
        R"("inputSchema":{{"type":"object","properties":{{"message":{{"type":"string"}}}}}}}})",
        i
    );
  }
  tool_list_ += "]}";
  result_ =
      fmt::format(R"({{"content":[{{"type":"text","text":"{}"}}]}})", std::string(text_bytes, 'x'));
}

void FixedAnswers::answer(
    std::string_view method, std::string_view target, std::string_view body, std::string& out
) const {
  if (method == "POST") {
    message(body, target.starts_with("/events") ? Framing::events : Framing::json, out);
  } else if (method == "DELETE") {
    put_status(out, 200, "OK", {});
  } else {
    put_status(out, 405, "Method Not Allowed", "Allow: POST, DELETE\r\n");
  }
}

void FixedAnswers::answer_line(std::string_view line, std::string& out) const {
  message(line, Framing::line, out);
}

void FixedAnswers::message(std::string_view body, Framing framing, std::string& out) const {
  const bool http = framing != Framing::line;
  if (protocol::validate(body) || !protocol::is_object(body)) {
    if (http) put_status(out, 400, "Bad Request", {});
    return;
  }
  const auto id = protocol::member(body, "id");
  const auto method = protocol::member(body, "method");
  if (!id || !method) {
    if (http) put_status(out, 202, "Accepted", {});
    return;
  }
  if (*method == R"("tools/call")") {
    put_message(out, framing, {}, *id, "result", result_);
  } else if (*method == R"("initialize")") {
    const auto params = protocol::member(body, "params").value_or("{}");
    const auto version = protocol::member(params, "protocolVersion").value_or(R"("2025-06-18")");
    const auto result = fmt::format(
        R"({{"protocolVersion":{},"capabilities":{{"tools":{{}}}},)"
        R"("serverInfo":{{"name":"bench-upstream","version":"1"}}}})",
        version
    );
    put_message(out, framing, session_header, *id, "result", result);
  } else if (*method == R"("tools/list")") {
    put_message(out, framing, {}, *id, "result", tool_list_);
  } else if (*method == R"("ping")") {
    put_message(out, framing, {}, *id, "result", "{}");
  } else {
    put_message(out, framing, {}, *id, "error", R"({"code":-32601,"message":"Method not found"})");
  }
}

}  // namespace mooring::bench
