-- Also when Redis is full: a script that has begun to write may go on, and this begins without needing memory. What is left out are
-- scripts that would only take more.
call('DEL', P .. 'none')

