-- The load. Arguments after `--`: plan file, work (get, list, create, mixed), number of the run,
-- and optionally `explain`: keep the first refused answer (slower, so never while measuring).
-- Requests are built beforehand, so that wrk takes as little of the machine as it can.

local threads = {}

function setup(thread)
  thread:set("thread_number", #threads)
  thread:set("refused", "")
  table.insert(threads, thread)
end

local function head(method, path, token, extra)
  return method .. " " .. path .. " HTTP/1.1\r\nHost: " .. plan.host .. "\r\nAuthorization: Bearer " .. token
    .. "\r\n" .. (extra or "") .. "\r\n"
end

local PRODUCT = '{"sku":"R%05d-%d-%08d","name":"Silver ring %08d","description":"Handmade, hallmarked and boxed.",'
  .. '"price":%06d,"currency":"INR","stock":7}'

local made = 0

local function product()
  made = made + 1
  return string.format(PRODUCT, run_number, thread_number, made, made, math.random(100000, 999999))
end

local function prepare()
  gets, creates = {}, {}
  for index, id in ipairs(plan.ids) do
    gets[index] = head("GET", plan.records .. "/" .. id, plan.tokens[1])
  end
  list_request = head("GET", plan.list, plan.tokens[1])
  local extra = "Content-Type: application/json\r\nContent-Length: " .. #product() .. "\r\n"
  for index, token in ipairs(plan.tokens) do
    creates[index] = head("POST", plan.records, token, extra)
  end
end

local works = {}

function works.get()
  return gets[math.random(#gets)]
end

function works.list()
  return list_request
end

function works.create()
  return creates[math.random(#creates)] .. product()
end

function works.mixed()
  local draw = math.random(100)
  if draw <= 80 then return works.get() end
  if draw <= 95 then return works.list() end
  return works.create()
end

function keep_refused(status, _, body)
  if refused == "" and (status < 200 or status > 299) then refused = status .. " " .. body:sub(1, 500) end
end

function init(arguments)
  plan = dofile(arguments[1])
  run_number = tonumber(arguments[3])
  math.randomseed(run_number * 1000 + thread_number)
  prepare()
  request = works[arguments[2]]
  if arguments[4] == "explain" then response = keep_refused end
end

function done(summary, latency)
  local errors = summary.errors
  for _, thread in ipairs(threads) do
    if thread:get("refused") ~= "" then print("refused: " .. thread:get("refused")) end
  end
  print(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,'
      .. '"errors":{"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
