"""What is run inside the Redis server, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zeta_router.store.base import StoreTrouble

APPEND = """
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
for i = 5, #ARGV, 4 do
    local seq = tonumber(ARGV[i])
    if seq > last then
        local id = redis.call('XADD', KEYS[1], '*', 'writer', ARGV[1], 'machine', ARGV[2], 'sent', ARGV[3],
            'seq', ARGV[i], 'kind', ARGV[i + 1], 'decision', ARGV[i + 2], 'line', ARGV[i + 3])
        if ARGV[i + 1] == 'began' then
            redis.call('HSET', KEYS[3], ARGV[i + 2], id)
        end
        last = seq
    end
end
redis.call('SET', KEYS[2], last, 'EX', ARGV[4])
"""
"""Keys: stream, the writer's last number, decisions. Values: writer, machine, its time, seconds that the last number is
kept; of each line number, kind, decision id, text."""

KEEP = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
    local position = cjson.decode(known)
    local ms, number = tonumber(ARGV[2]), tonumber(ARGV[3])
    if position[1] > ms or (position[1] == ms and position[2] >= number) then
        return
    end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
"""
"""Key: snapshots. Values: the policy's key, both numbers of the position, the snapshot."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise what goes wrong inside as `StoreTrouble`; `name` is the server's, without a password."""
    import redis.exceptions as errors

    try:
        yield
    except errors.AuthenticationError as error:
        raise StoreTrouble(f"{name} refuses the user or the password; put the right ones into the URL") from error
    except (errors.ConnectionError, errors.TimeoutError) as error:
        raise StoreTrouble(f"{name} cannot be reached; it is tried again") from error
    except errors.ReadOnlyError as error:
        raise StoreTrouble(f"{name} is a replica that may only be read; name the primary") from error
    except errors.RedisError as error:
        text = str(error)
        if "OOM" in text:
            raise StoreTrouble(f"{name} has reached its maxmemory: raise it; it is tried again") from error
        if "MISCONF" in text:
            raise StoreTrouble(f"{name} cannot write to its disk and takes nothing; it is tried again") from error
        if "NOAUTH" in text or "NOPERM" in text:
            raise StoreTrouble(f"{name} refuses the user or the password; put the right ones into the URL") from error
        raise StoreTrouble(f"{name} cannot be used ({type(error).__name__}); it is tried again") from error
