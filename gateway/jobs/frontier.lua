-- The frontier on a Valkey or Redis server: one call is one script, which nothing interrupts.
--
-- KEYS[1] is the prefix of all keys. ARGV: command, arguments as JSON, bytes (a specification or a result).
-- Times are seconds of the server's clock.
--
-- job:ID            hash of a job            errors:ID    hash error -> pages
-- addresses:ID      hash key -> address      aliases:ID   set of keys of pages that have a result
-- queue:ID:HOST     zset key by order        hosts:ID     set of hosts that the job has met
-- lanes:ID          zset of hosts with queued addresses, by the time from which to look at them
-- patterns:ID       hash pattern -> known
-- results:ID        list                     running      zset of jobs by the time they were served last
-- leases            zset ID|key by end       held:HOST    zset ID|key by end
-- next:HOST         time of the next page    gap:HOST     seconds between two pages
-- jobs:OWNER        zset by creation         busy:OWNER   set of jobs that run
-- once:OWNER:KEY    job of an idempotency key
-- events            hash of events           due          zset of events by time
-- ended, expires    zsets of jobs by time

local P = KEYS[1]
local args = cjson.decode(ARGV[2])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local HOST_MEMORY_S = 3600
local LOOKED_AT = 200

local function name(...) return P .. table.concat({...}, ':') end
local function number(id, field) return tonumber(redis.call('HGET', name('job', id), field)) or 0 end
local function add(id, field, by) return redis.call('HINCRBY', name('job', id), field, by) end
local function runs(id) return redis.call('HGET', name('job', id), 'status') == 'running' end
local function read(id, key)
  local packed = redis.call('HGET', name('addresses', id), key)
  return packed and cjson.decode(packed)
end
local function write(id, key, address) redis.call('HSET', name('addresses', id), key, cjson.encode(address)) end

local function tell(id, kind, sequence)
  local wanted = redis.call('HGET', name('job', id), 'events') or ''
  if not string.find(wanted, kind, 1, true) then return end
  local event = redis.call('INCR', name('event'))
  local body = {job = id, kind = kind, sequence = sequence or 0, created_at = now, attempt = 0}
  redis.call('HSET', name('events'), event, cjson.encode(body))
  redis.call('ZADD', name('due'), now, event)
end

local function enqueue(id, key, address)
  redis.call('ZADD', name('queue', id, address.host), address.depth * 1e9 + address.position, key)
  redis.call('ZADD', name('lanes', id), 'NX', 0, address.host)
end

local function dequeue(id, key, address)
  redis.call('ZREM', name('queue', id, address.host), key)
  if redis.call('EXISTS', name('queue', id, address.host)) == 0 then
    redis.call('ZREM', name('lanes', id), address.host)
  end
end

local function known(id)
  return number(id, 'queued') + number(id, 'leased') + number(id, 'done') + number(id, 'failed')
    + number(id, 'duplicates')
end

local function add_addresses(id, found)
  local before, added, dropped = known(id), 0, 0
  local most = number(id, 'page_limit') * args.known_per_page + args.spare_addresses
  local most_alike, alike = tonumber(redis.call('HGET', name('job', id), 'pattern_limit') or ''), 0
  for _, each in ipairs(found) do
    local taken = redis.call('SISMEMBER', name('aliases', id), each.key) == 1
      or redis.call('HEXISTS', name('addresses', id), each.key) == 1
    if not taken then
      local counts = most_alike and each.pattern ~= ''
      local known_alike = counts and tonumber(redis.call('HGET', name('patterns', id), each.pattern)) or 0
      if before + added >= most then
        dropped = dropped + 1
      elseif counts and known_alike >= most_alike then
        alike = alike + 1
      else
        if counts then redis.call('HINCRBY', name('patterns', id), each.pattern, 1) end
        local address = {
          url = each.url, host = each.host, depth = each.depth, position = before + added,
          state = 'queued', token = 0, attempt = 0,
        }
        write(id, each.key, address)
        redis.call('SADD', name('hosts', id), each.host)
        enqueue(id, each.key, address)
        added = added + 1
      end
    end
  end
  add(id, 'queued', added)
  add(id, 'dropped', dropped)
  add(id, 'alike', alike)
end

local function close(id, status)
  redis.call('HSET', name('job', id), 'status', status, 'finished_at', now,
    'expires_at', now + number(id, 'keep_s'))
  redis.call('ZREM', name('running'), id)
  redis.call('SREM', name('busy', redis.call('HGET', name('job', id), 'owner')), id)
  redis.call('ZADD', name('ended'), now, id)
  redis.call('ZADD', name('expires'), now + number(id, 'keep_s'), id)
end

local function is_spent(id)
  return number(id, 'duplicates') >= number(id, 'page_limit') + args.spare_duplicates
end

-- pages that a job may still read
local function room(id)
  return number(id, 'page_limit') - number(id, 'done') - number(id, 'failed') + number(id, 'unread')
end

local function close_if_over(id)
  local done, failed = number(id, 'done'), number(id, 'failed')
  local is_full = room(id) <= 0 or is_spent(id)
  if number(id, 'leased') > 0 or (number(id, 'queued') > 0 and not is_full) then return end
  local status = (failed > 0 and done == 0) and 'failed' or 'completed'
  close(id, status)
  tell(id, status)
end

local function drop_lease(id, key, address)
  redis.call('ZREM', name('leases'), id .. '|' .. key)
  redis.call('ZREM', name('held', address.host), id .. '|' .. key)
end

local function requeue(id, key, address)
  address.state = 'queued'
  write(id, key, address)
  enqueue(id, key, address)
  add(id, 'queued', 1)
  add(id, 'leased', -1)
end

local function take_back()
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', name('leases'), '-inf', now, 'LIMIT', 0, 500)) do
    local id, key = string.match(lease, '^(.-)|(.*)$')
    local address = read(id, key)
    redis.call('ZREM', name('leases'), lease)
    if address then
      redis.call('ZREM', name('held', address.host), lease)
      if address.state == 'leased' and runs(id) then requeue(id, key, address) end
    end
  end
end

local function claim_one(id)
  local soonest
  local lanes = redis.call('ZRANGEBYSCORE', name('lanes', id), '-inf', now, 'LIMIT', 0, LOOKED_AT)
  for _, host in ipairs(lanes) do
    -- leases whose job was swept before they ended
    redis.call('ZREMRANGEBYSCORE', name('held', host), '-inf', now)
    local next_at = tonumber(redis.call('GET', name('next', host))) or 0
    if next_at > now then
      redis.call('ZADD', name('lanes', id), next_at, host)
    elseif redis.call('ZCARD', name('held', host)) >= args.per_host then
      redis.call('ZADD', name('lanes', id), now, host)
    else
      local key = redis.call('ZRANGE', name('queue', id, host), 0, 0)[1]
      local address = read(id, key)
      local gap = tonumber(redis.call('GET', name('gap', host))) or 0
      dequeue(id, key, address)
      address.state, address.token, address.attempt = 'leased', address.token + 1, address.attempt + 1
      write(id, key, address)
      add(id, 'queued', -1)
      add(id, 'leased', 1)
      redis.call('ZADD', name('leases'), now + args.lease_s, id .. '|' .. key)
      redis.call('ZADD', name('held', host), now + args.lease_s, id .. '|' .. key)
      if gap > 0 then redis.call('SET', name('next', host), now + gap, 'EX', HOST_MEMORY_S) end
      return {
        job_id = id, key = key, url = address.url, host = host, depth = address.depth,
        token = address.token, attempt = address.attempt,
      }
    end
  end
  local later = redis.call('ZRANGEBYSCORE', name('lanes', id), '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return nil, later[2] and tonumber(later[2]) - now
end

-- the address of a claim whose lease still holds
local function leased(claim)
  local address = runs(claim.job_id) and read(claim.job_id, claim.key)
  return address and address.state == 'leased' and address.token == claim.token and address
end

local function is_duplicate(id, key, aliases)
  table.insert(aliases, key)
  for _, alias in ipairs(aliases) do
    if redis.call('SISMEMBER', name('aliases', id), alias) == 1 then return true end
  end
  for _, alias in ipairs(aliases) do
    redis.call('SADD', name('aliases', id), alias)
    local address = read(id, alias)
    if address and address.state == 'queued' then
      address.state = 'ended'
      write(id, alias, address)
      dequeue(id, alias, address)
      add(id, 'queued', -1)
      add(id, 'duplicates', 1)
    end
  end
  return false
end

local function job(id)
  if redis.call('EXISTS', name('job', id)) == 0 then return false end
  return {redis.call('HGETALL', name('job', id)), redis.call('HGETALL', name('errors', id))}
end

local commands = {}

function commands.create()
  local once = args.idempotency_key and name('once', args.owner, args.idempotency_key)
  local known_as = once and redis.call('GET', once)
  if known_as then return job(known_as) end
  local id = args.id
  redis.call('HSET', name('job', id), 'id', id, 'owner', args.owner, 'kind', args.kind, 'status', 'running',
    'page_limit', args.page_limit, 'created_at', now, 'keep_s', args.keep_s, 'events', args.events,
    'specification', ARGV[3], 'queued', 0, 'leased', 0, 'done', 0, 'failed', 0, 'duplicates', 0,
    'unread', 0, 'dropped', 0, 'alike', 0)
  if args.pattern_limit then redis.call('HSET', name('job', id), 'pattern_limit', args.pattern_limit) end
  if once then
    redis.call('SET', once, id)
    redis.call('HSET', name('job', id), 'once', once)
  end
  redis.call('ZADD', name('jobs', args.owner), now, id)
  redis.call('SADD', name('busy', args.owner), id)
  redis.call('ZADD', name('running'), 0, id)
  add_addresses(id, args.addresses)
  tell(id, 'started')
  close_if_over(id)
  return job(id)
end

function commands.find() return job(args.id) end

function commands.list_jobs()
  local found = {}
  for _, id in ipairs(redis.call('ZREVRANGE', name('jobs', args.owner), 0, args.limit - 1)) do
    table.insert(found, job(id))
  end
  return found
end

function commands.count_running() return redis.call('SCARD', name('busy', args.owner)) end

function commands.cancel()
  if runs(args.id) then
    close(args.id, 'cancelled')
    local ends = now + args.hold_s
    for _, lease in ipairs(redis.call('ZRANGEBYSCORE', name('leases'), '(' .. ends, '+inf')) do
      local id, key = string.match(lease, '^(.-)|(.*)$')
      local address = id == args.id and read(id, key)
      if address then
        redis.call('ZADD', name('leases'), ends, lease)
        redis.call('ZADD', name('held', address.host), ends, lease)
      end
    end
  end
  return job(args.id)
end

function commands.claim()
  take_back()
  local claims, wait_s = {}, nil
  local waiting = redis.call('ZRANGE', name('running'), 0, 99)
  while #waiting > 0 and #claims < args.limit do
    local again = {}
    for _, id in ipairs(waiting) do
      if #claims < args.limit and room(id) > number(id, 'leased') and number(id, 'queued') > 0 and not is_spent(id) then
        local claimed, ready_in_s = claim_one(id)
        if claimed then
          table.insert(claims, claimed)
          table.insert(again, id)
          redis.call('ZADD', name('running'), now, id)
        elseif ready_in_s then
          wait_s = math.min(wait_s or ready_in_s, ready_in_s)
        end
      end
    end
    waiting = again
  end
  return cjson.encode({claims = claims, wait_s = wait_s})
end

function commands.extend()
  local lost = {}
  for index, claim in ipairs(args.claims) do
    local address = leased(claim)
    if address then
      redis.call('ZADD', name('leases'), now + args.lease_s, claim.job_id .. '|' .. claim.key)
      redis.call('ZADD', name('held', address.host), now + args.lease_s, claim.job_id .. '|' .. claim.key)
    else
      table.insert(lost, index - 1)
    end
  end
  return lost
end

function commands.finish()
  local id, key = args.claim.job_id, args.claim.key
  local address = leased(args.claim)
  if not address then return 0 end
  drop_lease(id, key, address)
  address.state = 'ended'
  write(id, key, address)
  add(id, 'leased', -1)
  if #args.aliases > 0 and not args.error and is_duplicate(id, key, args.aliases) then
    add(id, 'duplicates', 1)
  else
    add(id, args.error and 'failed' or 'done', 1)
    if args.error then redis.call('HINCRBY', name('errors', id), args.error, 1) end
    if args.unread then add(id, 'unread', 1) end
    tell(id, 'page', redis.call('RPUSH', name('results', id), ARGV[3]))
  end
  add_addresses(id, args.found)
  if args.host_gap_s > 0 then
    local host = address.host
    redis.call('SET', name('next', host), now + args.host_gap_s, 'NX', 'EX', HOST_MEMORY_S)
    redis.call('SET', name('gap', host), args.host_gap_s, 'EX', HOST_MEMORY_S)
  end
  close_if_over(id)
  return 1
end

function commands.release()
  local id, key = args.job_id, args.key
  local address = leased(args)
  if not address then return 0 end
  drop_lease(id, key, address)
  address.attempt = address.attempt - 1
  requeue(id, key, address)
  return 1
end

function commands.claim_events()
  local claimed = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', name('due'), '-inf', now, 'LIMIT', 0, args.limit)) do
    local packed = redis.call('HGET', name('events'), id)
    if packed then
      local event = cjson.decode(packed)
      event.attempt = event.attempt + 1
      redis.call('HSET', name('events'), id, cjson.encode(event))
      redis.call('ZADD', name('due'), now + args.lease_s, id)
      event.id = tonumber(id)
      table.insert(claimed, event)
    else
      redis.call('ZREM', name('due'), id)
    end
  end
  return cjson.encode({events = claimed})
end

function commands.end_event()
  if args.retry_after_s >= 0 then
    redis.call('ZADD', name('due'), now + args.retry_after_s, args.id)
  else
    redis.call('ZREM', name('due'), args.id)
    redis.call('HDEL', name('events'), args.id)
  end
  return 1
end

function commands.sweep()
  local swept = 0
  for _, id in ipairs(redis.call('ZRANGE', name('ended'), 0, 0)) do
    local hosts = redis.call('SPOP', name('hosts', id), args.limit)
    for _, host in ipairs(hosts) do redis.call('UNLINK', name('queue', id, host)) end
    if #hosts < args.limit then
      redis.call('UNLINK', name('addresses', id), name('aliases', id), name('lanes', id), name('hosts', id),
        name('patterns', id))
      redis.call('ZREM', name('ended'), id)
    end
    swept = swept + 1
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', name('expires'), '-inf', now, 'LIMIT', 0, 1)) do
    local once = redis.call('HGET', name('job', id), 'once')
    if once then redis.call('DEL', once) end
    redis.call('ZREM', name('jobs', redis.call('HGET', name('job', id), 'owner')), id)
    redis.call('UNLINK', name('results', id), name('errors', id), name('job', id))
    redis.call('ZREM', name('expires'), id)
    swept = swept + 1
  end
  return swept
end

function commands.stats()
  local queued, held = 0, 0
  local ids = redis.call('ZRANGE', name('running'), 0, -1)
  for _, id in ipairs(ids) do
    queued = queued + number(id, 'queued')
    held = held + number(id, 'leased')
  end
  return {#ids, queued, held}
end

return commands[ARGV[1]]()
