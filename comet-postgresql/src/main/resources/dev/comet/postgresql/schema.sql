-- What comet-postgresql keeps, and each step that it takes with it. Run once, in an empty schema that is the first of the search path.
-- The provider does so by itself; docs/postgresql.md has the rest. Ids are times in microseconds, or one above the last id.

-- ---- tables

create sequence number; -- of nodes, logs, memberships and groups without readers: a later one is higher

-- One row. Who changes more than one client locks it until the commit: so ids rise in the order in which they become visible.
create table store (
    version int not null,
    top bigint not null default 0,          -- the highest id
    own_bytes bigint not null default 0,    -- what clients' own logs take
    shared_bytes bigint not null default 0, -- what the logs of groups and of everyone take
    messages bigint not null default 0,
    dropped bigint not null default 0,      -- from own logs, undelivered: a running total
    groups bigint not null default 0, clients bigint not null default 0, client_changes bigint not null default 0
) with (fillfactor = 10);
insert into store (version) values (1);

-- A process that uses this store, with the limits by which its calls go.
create table node (
    number bigint primary key,
    lease_until bigint not null, since bigint not null, -- since it began, or came back after its lease had ended
    max_clients bigint not null, max_groups bigint not null, max_groups_per_client bigint not null,
    max_total_bytes bigint not null, overflow text not null,
    own_messages bigint not null, own_bytes bigint not null, own_age bigint, -- null: any
    shared_messages bigint not null, shared_bytes bigint not null, shared_age bigint
);

create table log (
    id bigint primary key,
    group_name text unique, -- null: that of everyone, which is 0, or of one client
    messages bigint not null default 0,
    bytes bigint not null default 0,
    floor bigint not null default 0, -- the highest id that was dropped, and why
    why text not null default 'CONFIRMED',
    spared bigint, -- the one client for which the last ones dropped were not, and the highest dropped that was for it
    spared_floor bigint not null default 0,
    unread bigint -- of a group that nobody is in or has to read: the higher, the later it came to that
) with (fillfactor = 50);
create index on log (unread) where unread is not null;
insert into log (id) values (0);

create table message (
    id bigint primary key, shared boolean not null,
    name text not null, correlation text, contents bytea not null, size bigint not null
);
create index on message (shared, id);

create table entry (
    log bigint not null, id bigint not null, size bigint not null, except_client bigint,
    primary key (log, id)
);
create index on entry (id);

create table client (
    log bigint primary key, -- its own, by which nodes know the client
    token text not null unique, incarnation bigint not null, secret bytea not null unique, -- a hash
    description bytea not null,
    born bigint not null, confirmed bigint not null, delivered bigint not null default 0,
    forgotten bigint not null default 0, -- the highest id that memberships had which are over and confirmed
    node bigint not null, generation bigint not null default 1, idle_at bigint not null
) with (fillfactor = 50);

create table membership (
    number bigint primary key, client bigint not null, log bigint not null,
    after bigint not null, until bigint -- null: it is a member
);
create index on membership (client);
create index on membership (log);

create table awaited (
    client bigint not null, correlation text not null, node bigint not null, until bigint not null,
    replied boolean not null default false, name text, contents bytea, -- the reply, if it came to another node
    primary key (client, correlation)
);

-- Clients of the last ten minutes, for who asks late, or asks again since the answer was lost.
create table ended (
    log bigint primary key, token text not null, incarnation bigint not null, description bytea not null,
    node bigint not null, reason text, -- who has ended it, and why; null: it was idle
    key text not null, at bigint not null -- the call, and when
);
create index on ended (token);
create index on ended (key);

-- ---- what all steps have in common

-- What steps return: rows of a kind.
create type answer as (kind text, number bigint, other bigint, name text, detail text, bytes bytea);

create function say(_kind text, _number bigint = null, _other bigint = null, _name text = null, _detail text = null, _bytes bytea = null)
returns answer language sql immutable as $$ select (_kind, _number, _other, _name, _detail, _bytes)::answer $$;

create function describe(_log bigint, _incarnation bigint, _token text, _description bytea, _generation bigint = null)
returns answer language sql immutable as $$
    select say('client', _log, _incarnation, _token, _generation::text, _description)
$$;

-- Stable, and so one time in each statement, by which an index can be searched.
create function micros() returns bigint language plpgsql stable as $$
begin
    return coalesce(nullif(current_setting('comet.micros', true), '')::bigint, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
end $$;

-- Each call is one statement, in which this is the first argument: it says for how long to wait for others, and what time it is in a test.
create function enter(_node bigint, _millis bigint, _micros text) returns bigint language plpgsql as $$
begin
    perform set_config('lock_timeout', _millis::text, true), set_config('comet.micros', _micros, true);
    return _node;
end $$;

-- What would be said again after a crash of PostgreSQL: its commit waits for no disk.
create function need_not_last() returns void language plpgsql as $$
begin
    perform set_config('synchronous_commit', 'off', true);
end $$;

-- To all nodes, at the commit.
create function tell(_news text) returns void language sql as $$ select pg_notify(current_schema(), _news) $$;

create function client_count() returns answer language sql stable as $$ select say('count', clients, client_changes) from store $$;

create function find(_token text, _incarnation bigint) returns setof client language sql stable as $$
    select * from client where token = _token and incarnation = _incarnation
$$;

create function is_there(_node bigint) returns boolean language sql stable as $$
    select exists (select from node where number = _node and lease_until > micros())
$$;

-- For so long without a break: only then a node knows who is idle, and not just cut off from the store. 0: it always does.
create function is_there_for(_node bigint, _micros bigint) returns boolean language sql stable as $$
    select _micros = 0 or is_there(_node) and exists (select from node where number = _node and since <= micros() - _micros)
$$;

-- ---- logs. What a message takes beside its bytes is counted as the in-process provider does: 192, and 16 in each log.

-- A group that nobody is in, that nobody has to read and that holds nothing, is none.
create function remove_unread(_log bigint) returns void language plpgsql as $$
begin
    delete from log where id = _log and unread is not null and messages = 0;
    if found then
        update store set groups = groups - 1;
    end if;
end $$;

-- A membership less.
create function unread(_log bigint) returns void language plpgsql as $$
begin
    update log set unread = nextval('number') where id = _log and not exists (select from membership where log = _log);
    perform remove_unread(_log);
end $$;

-- Drops the messages of a log up to an id: no message goes otherwise.
create function drop_up_to(_log bigint, _id bigint, _why text) returns void language plpgsql as $$
declare
    _left log;
    _entry entry;
    _delivered bigint := (select delivered from client where log = _log); -- null: it is a shared log
    _undelivered bigint := 0;
    _messages bigint := 0;
    _bytes bigint := 0;
begin
    for _entry in select * from entry where log = _log and id <= _id order by id loop
        if _left.id is null then
            select * into _left from log where id = _log;
        end if;
        _left.spared_floor := case when _entry.except_client is null then 0
            when _entry.except_client = _left.spared then _left.spared_floor else _left.floor end;
        _left.spared := _entry.except_client;
        _left.floor := _entry.id;
        _left.messages := _left.messages - 1;
        _left.bytes := _left.bytes - _entry.size;
        _undelivered := _undelivered + coalesce((_entry.id > _delivered)::int, 0);
        delete from message where id = _entry.id and not exists (select from entry e where e.id = _entry.id and e.log <> _log);
        _messages := _messages + found::int;
        _bytes := _bytes + 16 + case when found then 192 + _entry.size else 0 end;
    end loop;
    if _left.id is null then
        return;
    end if;
    delete from entry where log = _log and id <= _id;
    update log set messages = _left.messages, bytes = _left.bytes, floor = _left.floor, why = _why,
        spared = _left.spared, spared_floor = _left.spared_floor where id = _log;
    update store set messages = messages - _messages,
        own_bytes = own_bytes - case when _delivered is null then 0 else _bytes end,
        shared_bytes = shared_bytes - case when _delivered is null then _bytes else 0 end,
        dropped = dropped + case when _why = 'CONFIRMED' then 0 else _undelivered end;
    perform remove_unread(_log);
end $$;

create function drop_oldest(_log bigint) returns void language plpgsql as $$
begin
    perform drop_up_to(_log, (select min(id) from entry where log = _log), 'OVERFLOW');
end $$;

create function expire(_log bigint, _age bigint) returns void language plpgsql as $$
begin
    perform drop_up_to(_log, micros() - _age - 1, 'EXPIRED');
end $$;

-- ---- nodes

create function lease(_node bigint, _micros bigint, _clients bigint, _groups bigint, _groups_per_client bigint, _total bigint, _overflow text,
    _own_messages bigint, _own_bytes bigint, _own_age bigint, _shared_messages bigint, _shared_bytes bigint, _shared_age bigint)
returns setof answer language plpgsql set search_path from current as $$
begin
    insert into node values (_node, micros() + _micros, micros(), _clients, _groups, _groups_per_client, _total, _overflow,
        _own_messages, _own_bytes, _own_age, _shared_messages, _shared_bytes, _shared_age)
    on conflict (number) do update set lease_until = excluded.lease_until,
        since = case when node.lease_until > excluded.since then node.since else excluded.since end;
end $$;

create function go(_node bigint) returns setof answer language plpgsql set search_path from current as $$
begin
    update node set lease_until = 0 where number = _node;
    perform tell('gone'); -- so that its feed wakes, and sees that it is closed
end $$;

-- ---- clients. A step that is about a client returns nothing if there is no such client, and something if there is.

-- Who has ended it, if that was lately, and why: who asks may not have been told yet.
create function absent(_node bigint, _token text, _incarnation bigint) returns setof answer language sql stable set search_path from current as $$
    select d.* from ended, say('ended', log, node, null, reason) d
        where token = _token and incarnation = _incarnation order by log desc limit 1
$$;

create function initialize(_node bigint, _token text, _incarnation bigint, _secret bytea, _description bytea, _idle bigint)
returns setof answer language plpgsql set search_path from current as $$
declare
    _store store;
    _log bigint;
begin
    select * into _store from store for update;
    if exists (select from client where token = _token or secret = _secret) then
        return next say('exists');
    elsif _store.clients >= (select max_clients from node where number = _node) then
        return next say('many');
    else
        insert into log (id) values (nextval('number')) returning id into _log;
        insert into client (log, token, incarnation, secret, description, born, confirmed, node, idle_at)
            values (_log, _token, _incarnation, _secret, _description, _store.top, _store.top, _node, micros() + _idle);
        update store set clients = clients + 1, client_changes = client_changes + 1;
        return next say('born', _log);
        return next client_count();
    end if;
end $$;

create function find_client(_node bigint, _token text, _secret bytea) returns setof answer language sql stable set search_path from current as $$
    select d.* from client c, describe(log, incarnation, token, description) d where token = _token or secret = _secret
$$;

create function all_clients(_node bigint) returns setof answer language sql stable set search_path from current as $$
    select d.* from client c, describe(log, incarnation, token, description) d
$$;

create function attach(_node bigint, _secret bytea, _instance bigint) returns setof answer language plpgsql set search_path from current as $$
declare
    _client client;
begin
    select * into _client from client where secret = _secret;
    if _client.node <> _node then
        update client set node = _node, generation = generation + 1 where secret = _secret returning * into _client;
        perform tell(concat_ws(' ', 'moved', _client.log, _client.generation, _instance, _node));
    end if;
    if _client.log is not null then
        return next describe(_client.log, _client.incarnation, _client.token, _client.description, _client.generation);
    end if;
end $$;

create function keep_alive(_node bigint, _token text, _incarnation bigint, _idle bigint)
returns setof answer language plpgsql set search_path from current as $$
begin
    perform need_not_last();
    update client set idle_at = micros() + _idle where token = _token and incarnation = _incarnation and node = _node;
    if found or exists (select from find(_token, _incarnation)) then
        return next say('alive');
    end if;
end $$;

create function end_client(_client client, _node bigint, _reason text, _key text) returns void language plpgsql as $$
declare
    _log bigint;
begin
    perform drop_up_to(_client.log, 9223372036854775807, 'CONFIRMED');
    delete from client where log = _client.log;
    delete from log where id = _client.log;
    delete from awaited where client = _client.log;
    for _log in delete from membership where client = _client.log returning log loop
        perform unread(_log);
    end loop;
    insert into ended values (_client.log, _client.token, _client.incarnation, _client.description, _node, _reason, _key, micros());
    update store set clients = clients - 1, client_changes = client_changes + 1;
    perform tell(concat_ws(' ', 'ended', _client.log, _node, _reason));
end $$;

-- If the client is idle, or, with a reason, whether it is or not. A key that was used is answered as it was then.
create function end_one(_node bigint, _token text, _incarnation bigint, _reason text, _there_for bigint, _key text)
returns setof answer language plpgsql set search_path from current as $$
declare
    _client client;
    _left bigint;
begin
    perform from store for update;
    if not exists (select from ended where key = _key) then
        select * into _client from client where token = _token and incarnation = _incarnation for update;
        if not found then
            return;
        end if;
        _left := _client.idle_at - micros();
        if _reason is null and _client.node <> _node then
            return next say('elsewhere', _client.log, _client.generation);
            return;
        elsif _reason is null and _left > 0 then
            return next say('wait', _left);
            return;
        elsif _reason is null and not is_there_for(_node, _there_for) then
            return next say('wait', 1000000); -- the store was away: who could not come has time to
            return;
        end if;
        perform end_client(_client, _node, _reason, _key);
    end if;
    return next say('ended', (select log from ended where key = _key));
    return next client_count();
end $$;

-- Some of the clients that are idle and whose node is gone, or has forgotten them.
create function end_orphans(_node bigint, _there_for bigint, _forgotten_after bigint, _key text)
returns setof answer language plpgsql set search_path from current as $$
declare
    _client client;
begin
    perform from store for update;
    if not exists (select from ended where key = _key) and is_there_for(_node, _there_for) then
        for _client in
            select * from client where idle_at <= micros() and (node <> _node and not is_there(node)
                or _forgotten_after > 0 and idle_at < micros() - _forgotten_after)
            limit 50 for update
        loop
            perform end_client(_client, _node, null, _key);
        end loop;
    end if;
    return query select d.* from ended, describe(log, incarnation, token, description) d where key = _key;
    return next client_count();
end $$;

-- Of these clients: which are this node's still, with their groups, and what has become of the others.
create function look_after(_node bigint, _logs bigint[]) returns setof answer language sql stable set search_path from current as $$
    select d.* from unnest(_logs) l left join client c on c.log = l left join ended e on e.log = l,
        say(case when c.log is null then 'ended' when c.node = _node then 'here' else 'moved' end,
            l, coalesce(c.generation, e.node), null, e.reason) d
    union all
    select d.* from membership m join log l on l.id = m.log, say('joined', m.client, null, l.group_name) d
        where m.client = any (_logs) and m.until is null
$$;

-- ---- sending

-- Whether a log takes a message: of bytes, with those of the message; beyond its share of what all logs may take.
create function fits(_messages bigint, _bytes bigint, _beyond bigint, _max_messages bigint, _max_bytes bigint)
returns boolean language sql immutable as $$
    select _messages = 0 or _messages < _max_messages and _bytes <= _max_bytes and _beyond <= 0
$$;

-- Returns null, or, if own logs leave no room, the log with the oldest message: then nothing is dropped but what was delivered.
create function make_room(_node node, _cost bigint) returns bigint language plpgsql as $$
declare
    _total bigint := _node.max_total_bytes;
    _store store;
    _oldest record;
    _more bigint := 0;
begin
    loop
        select * into _store from store;
        if _store.own_bytes + _store.shared_bytes <= 0 or _store.own_bytes + _store.shared_bytes + _cost + _more <= _total then
            return null;
        end if;
        if _more = 0 then
            if _store.own_bytes + _cost > _total then
                perform drop_up_to(log, delivered, 'OVERFLOW') from client c
                    where delivered > 0 and exists (select from entry e where e.log = c.log and e.id <= c.delivered);
            end if;
            _more := greatest(1, _total / 64); -- so that not every send has to make room
            continue;
        end if;
        if _store.own_bytes > 0 and _store.own_bytes + _cost > _total then
            select e.log, e.id into _oldest from message m join entry e using (id) where not m.shared order by m.id limit 1;
            if _node.overflow <> 'DROP_OLDEST' then
                return _oldest.log;
            end if;
        else
            select e.log, e.id into _oldest from message m join entry e using (id) where m.shared order by m.id limit 1;
        end if;
        if not found then
            return null;
        end if;
        perform drop_up_to(_oldest.log, _oldest.id, 'OVERFLOW');
    end loop;
end $$;

-- To these clients, or to a group, or to everyone. Whom it is for hears of it by the notification alone: at the commit.
create function send(_node bigint, _tokens text[], _group text, _except text, _incarnation bigint,
    _name text, _correlation text, _contents bytea, _size bigint)
returns setof answer language plpgsql set search_path from current as $$
declare
    _limits node;
    _own bigint;
    _top bigint;
    _cost bigint;
    _logs bigint[];
    _crowded bigint[] := '{}';
    _log bigint := 0;
    _oldest bigint;
    _kept record;
begin
    select * into strict _limits from node where number = _node;
    perform from store for update;
    if _tokens is not null then
        _logs := array(select log from client where token = any (_tokens) and _incarnation in (0, incarnation));
        if cardinality(_logs) < cardinality(_tokens) then
            return next say('absent');
            return;
        end if;
        if _limits.own_age is not null then
            perform expire(l, _limits.own_age) from unnest(_logs) l;
        end if;
        -- What all own logs take, if they may not take more of the total together than they leave to each other.
        select case when _limits.overflow = 'REJECT' then own_bytes + 208 + _size - _limits.max_total_bytes end into _own from store;
        _crowded := array(select id from log where id = any (_logs) and not fits(messages, bytes + _size,
            coalesce(_own + bytes + 208 * messages, 0), _limits.own_messages, _limits.own_bytes));
        if _crowded <> '{}' and _limits.overflow <> 'DROP_OLDEST' then
            return query select d.* from client c join log l on l.id = c.log, describe(c.log, incarnation, token, description) d,
                lateral (
                    select count(*) messages, coalesce(sum(size), 0)::bigint bytes, coalesce(sum(208 + size + case
                        when exists (select from entry o where o.id = e.id and o.log <> e.log) then 16 else 208 + size end), 0)::bigint freed
                    from entry e where e.log = l.id and e.id <= c.delivered
                ) delivered
                where l.id = any (_crowded) and not fits(l.messages - delivered.messages, l.bytes - delivered.bytes + _size,
                    coalesce(_own + l.bytes + 208 * l.messages - delivered.freed, 0), _limits.own_messages, _limits.own_bytes);
            if found then
                return;
            end if;
        end if;
    elsif _group is not null then
        select id into _log from log where group_name = _group;
    end if;

    _cost := 192 + _size + 16 * coalesce(cardinality(_logs), 1);
    _oldest := make_room(_limits, _cost);
    if _oldest is not null then
        return next say('total', _cost);
        return query select d.* from client, describe(log, incarnation, token, description) d
            where log = _oldest and _limits.overflow = 'DISCONNECT';
        return;
    end if;

    update store set top = greatest(top + 1, micros()) returning top into _top;
    if _log is null then -- a group that nobody is in
        return next say('sent', _top);
        return;
    end if;
    foreach _oldest in array _crowded loop
        loop
            select l.messages, l.bytes, (select min(id) from entry where log = l.id) <= c.delivered as delivered,
                (select own_bytes + 208 + _size - _limits.max_total_bytes from store) + l.bytes + 208 * l.messages as beyond
                into _kept from log l join client c on c.log = l.id where l.id = _oldest;
            exit when fits(_kept.messages, _kept.bytes + _size, case when _kept.delivered and _own is not null then _kept.beyond else 0 end,
                _limits.own_messages, _limits.own_bytes);
            perform drop_oldest(_oldest);
        end loop;
    end loop;
    if _tokens is null then
        _logs := array[_log];
        if _limits.shared_age is not null then
            perform expire(_log, _limits.shared_age);
        end if;
        while not (select fits(messages, bytes + _size, 0, _limits.shared_messages, _limits.shared_bytes) from log where id = _log) loop
            perform drop_oldest(_log);
        end loop;
    end if;
    insert into message values (_top, _tokens is null, _name, _correlation, _contents, _size);
    insert into entry select l, _top, _size, (select log from client
        where _tokens is null and token = _except and _incarnation in (0, incarnation)) from unnest(_logs) l;
    update log set messages = messages + 1, bytes = bytes + _size where id = any (_logs);
    update store set messages = messages + 1,
        own_bytes = own_bytes + case when _tokens is null then 0 else _cost end,
        shared_bytes = shared_bytes + case when _tokens is null then _cost else 0 end;
    if _tokens is null then
        perform tell(coalesce('group ' || _group, 'everyone'));
    else
        perform tell('clients ' || string_agg(l::text, ' ')) from unnest(_logs) with ordinality t (l, i) group by (i - 1) / 400;
    end if;
    return next say('sent', _top);
end $$;

-- ---- reading

-- Which logs a client reads, above which id and up to which.
create function sources(_client client, _cursor bigint, _top bigint)
returns table (log bigint, above bigint, upto bigint) language sql stable as $$
    select _client.log, _cursor, _top
    union all select 0, greatest(_cursor, _client.born), _top
    union all select m.log, greatest(_cursor, m.after), coalesce(m.until, _top) from membership m where m.client = _client.log
$$;

-- All in one snapshot, that of the statement that calls it: so it is stable.
create function look(_token text, _incarnation bigint, _cursor bigint, _unknown boolean, _most bigint, _most_bytes bigint)
returns setof answer language plpgsql stable as $$
declare
    _client client;
    _top bigint;
    _ids bigint[];
    _found bigint;
begin
    select * into _client from find(_token, _incarnation);
    if not found then
        return;
    end if;
    select top into _top from store;
    if _unknown then
        return next say('gap', 0, _cursor, 'UNKNOWN_CURSOR');
    end if;
    return query select d.* from sources(_client, _cursor, _top) s join log l on l.id = s.log,
        lateral (select least(case when l.spared = _client.log then l.spared_floor else l.floor end, s.upto) as id) lost,
        say('gap', s.above + 1, lost.id, l.why) d
        where lost.id > s.above;
    if _client.forgotten > _cursor then
        return next say('gap', _cursor + 1, _client.forgotten, 'CONFIRMED');
    end if;
    with found as (
        select e.id, e.size from sources(_client, _cursor, _top) s, lateral (
            select id, size from entry
            where log = s.log and id > s.above and id <= s.upto and except_client is distinct from _client.log
            order by id limit _most + 1) e
        order by e.id limit _most + 1
    ), counted as (
        select id, row_number() over w as i, sum(size) over w as bytes from found window w as (order by id)
    )
    select coalesce(array_agg(id order by id) filter (where i <= _most and (i = 1 or bytes <= _most_bytes)), '{}'), count(*)
        into _ids, _found from counted;
    return query select d.* from message, say('message', id, null, name, correlation, contents) d where id = any (_ids) order by id;
    return next say('end', coalesce(_ids[cardinality(_ids)], greatest(_top, _cursor)), (cardinality(_ids) = _found)::int);
end $$;

-- 'get', 'peek' or 'confirm'. Changes only what there is to change, and waits for others only if that is more than the client's own row.
create function read(_node bigint, _token text, _incarnation bigint, _what text, _asked bigint, _most bigint, _most_bytes bigint)
returns setof answer language plpgsql set search_path from current as $$
declare
    _limits node;
    _client client;
    _log bigint;
    _cursor bigint := _asked;
    _confirms boolean;
    _logs bigint[];
begin
    select * into strict _limits from node where number = _node;
    select * into _client from find(_token, _incarnation);
    if not found then
        return;
    end if;
    _confirms := _what <> 'peek' and _asked between _client.born and (select top from store) and (_what = 'confirm' or _asked > 0);
    if _what = 'get' and not _confirms then
        _cursor := case when _asked > 0 then _client.confirmed else _client.born end;
    end if;
    _logs := array(select 0::bigint union select log from membership where client = _client.log);
    if _confirms and (exists (select from entry where log = _client.log and id <= _asked)
            or exists (select from membership where client = _client.log and until <= greatest(_asked, after)))
        or exists (select from entry where log = _client.log and id < micros() - _limits.own_age)
        or exists (select from entry where log = any (_logs) and id < micros() - _limits.shared_age) then
        perform from store for update;
        if _confirms then
            perform drop_up_to(_client.log, _asked, 'CONFIRMED');
            perform forget(_client.log, _asked);
        end if;
        perform expire(_client.log, _limits.own_age);
        perform expire(l, _limits.shared_age) from unnest(_logs) l;
    end if;
    perform need_not_last();
    update client set confirmed = case when _confirms then greatest(confirmed, _asked) else confirmed end,
        delivered = case when _what = 'confirm' then delivered else _cursor end
        where log = _client.log and (_confirms and confirmed < _asked
            or _what <> 'confirm' and delivered <> _cursor and exists (select from entry where log = _client.log));
    if _what = 'confirm' then
        return next say('confirmed', _confirms::int);
    else
        return query select * from look(_token, _incarnation, _cursor, _what = 'get' and _asked > 0 and not _confirms, _most, _most_bytes);
    end if;
end $$;

create function confirmed(_node bigint, _token text, _incarnation bigint) returns setof answer language sql stable set search_path from current as $$
    select d.* from find(_token, _incarnation), say('confirmed', confirmed) d
$$;

-- ---- groups

-- Memberships that are over, and of which everything is confirmed.
create function forget(_client bigint, _cursor bigint) returns void language plpgsql as $$
declare
    _over membership;
begin
    for _over in delete from membership where client = _client and until <= greatest(_cursor, after) returning * loop
        update client set forgotten = greatest(forgotten, _over.until) where log = _client and _over.until > _over.after;
        perform unread(_over.log);
    end loop;
end $$;

create function join_group(_node bigint, _token text, _incarnation bigint, _group text)
returns setof answer language plpgsql set search_path from current as $$
declare
    _limits node;
    _client client;
    _store store;
    _log bigint;
    _count bigint;
    _after bigint;
begin
    select * into strict _limits from node where number = _node;
    select * into _store from store for update;
    select * into _client from find(_token, _incarnation);
    if not found then
        return;
    end if;
    select m.after into _after from membership m join log l on l.id = m.log
        where m.client = _client.log and l.group_name = _group and m.until is null;
    if found then
        return next say('joined', _after);
        return;
    end if;
    select count(*) into _count from membership where client = _client.log;
    if _count >= _limits.max_groups_per_client then
        return next say('own groups', _count);
        return;
    end if;
    update log set unread = null where group_name = _group returning id into _log;
    if not found then
        if _store.groups >= _limits.max_groups then
            select id into _log from log where unread is not null order by unread limit 1;
            if not found then
                return next say('groups', _store.groups);
                return;
            end if;
            perform drop_up_to(_log, _store.top, 'OVERFLOW'); -- and so it is gone
        end if;
        insert into log (id, group_name) values (nextval('number'), _group) returning id into _log;
        update store set groups = groups + 1;
    end if;
    insert into membership values (nextval('number'), _client.log, _log, _store.top);
    perform tell(concat_ws(' ', 'joined', _client.log, _group));
    return next say('joined', _store.top);
end $$;

create function leave_group(_node bigint, _token text, _incarnation bigint, _group text)
returns setof answer language plpgsql set search_path from current as $$
declare
    _client client;
    _log log;
begin
    perform from store for update;
    select * into _client from find(_token, _incarnation);
    if not found then
        return;
    end if;
    select * into _log from log where group_name = _group;
    -- Until the last message, whether it is still there or not, that was for this client.
    update membership set until = coalesce(
            (select max(id) from entry where log = _log.id and except_client is distinct from _client.log),
            case when _log.spared = _client.log then _log.spared_floor else _log.floor end)
        where client = _client.log and log = _log.id and until is null;
    if found then
        perform forget(_client.log, _client.confirmed);
        perform tell(concat_ws(' ', 'left', _client.log, _group));
        return next say('left');
    else
        return next say('no member');
    end if;
end $$;

create function groups_of(_node bigint, _token text, _incarnation bigint) returns setof answer language sql stable set search_path from current as $$
    select d.* from find(_token, _incarnation) c join membership m on m.client = c.log join log l on l.id = m.log,
        say('group', null, null, l.group_name) d where m.until is null order by m.number
$$;

create function all_groups(_node bigint) returns setof answer language sql stable set search_path from current as $$
    select d.* from log, say('group', null, null, group_name) d
        where exists (select from membership m where m.log = log.id and m.until is null)
$$;

create function members(_node bigint, _group text) returns setof answer language sql stable set search_path from current as $$
    select d.* from log l join membership m on m.log = l.id join client c on c.log = m.client,
        describe(c.log, c.incarnation, c.token, c.description) d
        where l.group_name = _group and m.until is null order by m.number
$$;

create function history(_node bigint, _group text, _upto bigint, _most bigint)
returns setof answer language sql stable set search_path from current as $$
    select d.* from (
        select m.* from log l join entry e on e.log = l.id join message m on m.id = e.id join node n on n.number = _node
        where l.group_name = _group and e.id <= _upto and (n.shared_age is null or e.id >= micros() - n.shared_age)
        order by e.id desc limit _most) m, say('message', id, null, name, correlation, contents) d order by m.id
$$;

-- ---- replies

create function await_reply(_node bigint, _token text, _incarnation bigint, _correlation text, _within bigint)
returns setof answer language plpgsql set search_path from current as $$
declare
    _client bigint := (select log from find(_token, _incarnation));
    _by bigint := _node;
begin
    if _client is not null then
        insert into awaited as a values (_client, _correlation, _node, micros() + _within)
            on conflict (client, correlation) do update
            set node = excluded.node, until = excluded.until, replied = false, name = null, contents = null
            where a.node = _node and not a.replied or a.until <= micros() or not a.replied and not is_there(a.node);
        select node into _by from awaited where client = _client and correlation = _correlation;
    end if;
    return next say('awaited', _client, (_by = _node)::int);
end $$;

create function await_no_more(_node bigint, _token text, _incarnation bigint, _correlation text, _replied boolean)
returns setof answer language plpgsql set search_path from current as $$
declare
    _client bigint := (select log from find(_token, _incarnation));
begin
    if _replied then
        update awaited set replied = true, contents = null where client = _client and correlation = _correlation and node = _node;
    else
        delete from awaited where client = _client and correlation = _correlation and node = _node and not replied;
    end if;
end $$;

create function pass_reply(_node bigint, _token text, _incarnation bigint, _correlation text, _name text, _contents bytea)
returns setof answer language plpgsql set search_path from current as $$
declare
    _client bigint := (select log from find(_token, _incarnation));
    _awaited awaited;
begin
    if _client is null then
        return;
    end if;
    select * into _awaited from awaited where client = _client and correlation = _correlation and until > micros() for update;
    if _awaited.replied then
        return next say('replied');
    elsif is_there(_awaited.node) then
        update awaited set replied = true, name = _name, contents = _contents where client = _client and correlation = _correlation;
        perform tell(concat_ws(' ', 'replied', _client, _correlation));
        return next say('passed');
    else
        return next say('nobody waits');
    end if;
end $$;

create function reply(_node bigint, _client bigint, _correlation text) returns setof answer language sql stable set search_path from current as $$
    select d.* from awaited, say('message', null, null, name, correlation, contents) d
        where client = _client and correlation = _correlation and contents is not null
$$;

-- ---- care

create function tidy(_node bigint) returns setof answer language plpgsql set search_path from current as $$
declare
    _limits node;
begin
    select * into strict _limits from node where number = _node;
    perform from store for update;
    perform expire(log, case when shared then _limits.shared_age else _limits.own_age end) from (
        select distinct e.log, m.shared from message m join entry e using (id)
        where not m.shared and m.id < micros() - _limits.own_age or m.shared and m.id < micros() - _limits.shared_age limit 50) old;
    delete from awaited where until < micros() - 60000000;
    delete from ended where at < micros() - 600000000;
    delete from node where lease_until < micros() - 86400000000 and number <> _node;
    return next client_count();
    return query select d.* from store, say('usage', messages, own_bytes + shared_bytes) d;
    return query select d.* from store, say('dropped', dropped,
        micros() - coalesce((select min(id) from message where not shared), micros())) d;
end $$;

create function usage(_node bigint, _token text, _incarnation bigint) returns setof answer language sql stable set search_path from current as $$
    select d.* from find(_token, _incarnation) c, say('usage',
        micros() - coalesce((select min(id) from entry where log = c.log), micros()), idle_at - micros()) d
$$;
