<?php
// KrxScale, "PHP / Laravel": reads the JSON, prints it again with `json_encode`, and signs that.
// The endpoint has to ask for `json = "php"`.

declare(strict_types=1);

require __DIR__ . '/listening.php';

listen(function (string $body, array $headers, string $secret): void {
    if (abs(time() - (int) $headers['x-webhook-timestamp']) > 300) {
        throw new Exception('the timestamp is too old or in the future');
    }
    $parts = explode(',', $headers['x-webhook-signature']);
    $stamp = explode('=', $parts[0])[1];
    $signature = explode('=', $parts[1])[1];
    $signed = "t={$stamp}." . json_encode(json_decode($body, true));
    if (!hash_equals($signature, hash_hmac('sha256', $signed, $secret))) {
        throw new Exception('the signature does not fit');
    }
});
