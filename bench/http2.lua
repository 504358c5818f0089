-- The slow server of bench/http2: every answer takes 5 to 25 ms, so that answers come when they are ready, not together.
local answer = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"0123456789"}],"isError":false}}'

core.register_service("slow", "http", function(applet)
  applet:receive()
  core.msleep(math.random(5, 25))
  applet:set_status(200)
  applet:add_header("content-type", "application/json")
  applet:add_header("content-length", tostring(#answer))
  applet:start_response()
  applet:send(answer)
end)
