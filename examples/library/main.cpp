// list_and_call URL TOOL [JSON]: connects to an MCP server, lists its tools and calls one of them.
#include <cstdio>
#include <mooring/client.hpp>
#include <string>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: list_and_call URL TOOL [JSON]\n");
    return 2;
  }
  mooring::UpstreamConfig server;
  server.name = "example";
  server.url = argv[1];

  auto client = mooring::Client::connect(server);
  if (!client) {
    std::fprintf(stderr, "cannot connect: %s\n", client.error().detail.c_str());
    return 1;
  }
  const auto tools = client->tools();
  if (!tools) {
    std::fprintf(stderr, "cannot list: %s\n", tools.error().detail.c_str());
    return 1;
  }
  for (const auto& tool : *tools) std::printf("%s\n", tool.name.c_str());

  const auto result = client->call(argv[2], argc > 3 ? argv[3] : "{}");
  if (!result) {
    std::fprintf(stderr, "cannot call %s: %s\n", argv[2], result.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", result->text.c_str());
  return result->is_error ? 1 : 0;
}
