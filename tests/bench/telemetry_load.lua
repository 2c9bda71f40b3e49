-- What wrk sends: telemetry, in which no two readings have the same device and time.
-- wrk -s telemetry_load.lua URL -- MONTH DEVICES READINGS PAUSE
--   MONTH     the month of 2024 in which the readings begin
--   DEVICES   how many devices take turns; each turn is a second later
--   READINGS  readings per request; if more than 1, as NDJSON
--   PAUSE     average pause of a connection after an answer, milliseconds; 0 for none

local MESSAGE = '{"device_id":"test-%04d","timestamp":"2024-%02d-%02dT%02d:%02d:%02dZ","metrics":' ..
  '{"soc_percent":%.1f,"voltage_v":%.1f,"current_a":%.1f,"temp_c":%.1f}}'

local month, devices, readings
local count = 0

local function message()
  local second = math.floor(count / devices)
  local text = string.format(
    MESSAGE,
    count % devices,
    month,
    1 + math.floor(second / 86400),
    math.floor(second / 3600) % 24,
    math.floor(second / 60) % 60,
    second % 60,
    count * 7 % 1001 / 10,
    300 + count % 1000 / 10,
    count % 2001 / 10 - 100,
    20 + count % 200 / 10
  )
  count = count + 1
  return text
end

function init(args)
  month = tonumber(args[1])
  devices = tonumber(args[2])
  readings = tonumber(args[3])
  local pause = tonumber(args[4])
  local type = readings > 1 and "application/x-ndjson" or "application/json"
  wrk.headers["content-type"] = type
  -- wrk looks up this function after init() has run.
  if pause > 0 then
    delay = function() return math.random(math.floor(pause / 2), math.ceil(pause * 3 / 2)) end
  end
end

function request()
  local lines = {}
  for i = 1, readings do lines[i] = message() end
  return wrk.format("POST", nil, nil, table.concat(lines, "\n"))
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"requests":%d,"failed":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f,"mostMs":%f}\n',
    summary.requests,
    failed,
    summary.duration / 1e6,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    latency.max / 1e3
  ))
end
