<?php
// What every PHP receiver here has in common.
//
// A receiver binds a free loopback port and prints it; reads its secret from standard input (again
// with each further line, so that a test can change it) and says when it has it; answers 200 to what
// its verifier takes for genuine and 401 to everything else; and prints what it saw, one JSON object
// a line. It ends when standard input does, so that nothing is left behind by a test that was killed.

declare(strict_types=1);

function say(array $line): void
{
    fwrite(STDOUT, json_encode($line, JSON_THROW_ON_ERROR) . "\n");
    fflush(STDOUT);
}

/** Reads one request: its headers (names in lower case) and its body. */
function read_request($connection): ?array
{
    $headers = [];
    if (fgets($connection) === false) {
        return null;
    }
    while (($line = fgets($connection)) !== false && trim($line) !== '') {
        [$name, $value] = explode(':', $line, 2);
        $headers[strtolower($name)] = trim($value);
    }
    $length = (int) ($headers['content-length'] ?? 0);
    $body = '';
    while (strlen($body) < $length && !feof($connection)) {
        $body .= (string) fread($connection, $length - strlen($body));
    }
    return [$headers, $body];
}

/** Answers one request; one connection carries one. */
function answer($connection, callable $verify, string $secret): void
{
    $request = read_request($connection);
    if ($request === null) {
        return;
    }
    [$headers, $body] = $request;
    $why = null;
    try {
        $verify($body, $headers, $secret);
    } catch (Throwable $error) {
        $why = get_class($error) . ': ' . $error->getMessage();
    }
    say([
        'genuine' => $why === null,
        'why' => $why,
        'id' => $headers['x-event-id'] ?? null,
        'type' => $headers['x-event-type'] ?? null,
        'attempt' => $headers['x-delivery-attempt'] ?? null,
    ]);
    $status = $why === null ? '200 OK' : '401 Unauthorized';
    $text = $why === null ? 'OK' : 'Invalid signature';
    $length = strlen($text);
    fwrite($connection, "HTTP/1.1 $status\r\nContent-Length: $length\r\nConnection: close\r\n\r\n$text");
}

/** Serves forever. `$verify($body, $headers, $secret)` throws what is wrong. */
function listen(callable $verify): void
{
    $server = stream_socket_server('tcp://127.0.0.1:0', $number, $text);
    if ($server === false) {
        throw new RuntimeException("no port: $text");
    }
    $name = stream_socket_get_name($server, false);
    say(['port' => (int) substr(strrchr($name, ':'), 1)]);
    $secret = null;
    while (true) {
        $readable = $secret === null ? [STDIN] : [STDIN, $server];
        $none = null;
        if (stream_select($readable, $none, $none, null) === false) {
            return;
        }
        if (in_array(STDIN, $readable, true)) {
            $line = fgets(STDIN);
            if ($line === false) {
                return;
            }
            $secret = rtrim($line, "\n");
            say(['secret' => 'taken']);
        } elseif (in_array($server, $readable, true)) {
            $connection = stream_socket_accept($server);
            answer($connection, $verify, $secret);
            fclose($connection);
        }
    }
}
