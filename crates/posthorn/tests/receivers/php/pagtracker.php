<?php
// PagTracker, "PHP": HMAC of the raw body.

declare(strict_types=1);

require __DIR__ . '/listening.php';

listen(function (string $body, array $headers, string $secret): void {
    if (hash_hmac('sha256', $body, $secret) !== $headers['x-pagtracker-signature']) {
        throw new Exception('Assinatura inválida');
    }
});
