<?php
// SPDX-License-Identifier: Apache-2.0

// A provisioner for Koogate as a web page, in PHP 8 with nothing but what PHP brings: Koogate posts each task here, it is done in "your
// system", a directory of files, and the answer ends it. Copy it and replace class Crm. See README.md next to it.
//
//   php -S 127.0.0.1:9001 hook.php    answers Koogate
//   php hook.php list                 shows what there is in "your system"

declare(strict_types=1);

/** The order can never be fulfilled: the marketplace is told by the code, and the buyer reads the message (ASCII). */
final class Refused extends Exception
{
    public function __construct(public readonly string $failure, string $message)
    {
        parent::__construct($message);
    }
}

/**
 * Your system. The same task may come again after a crash or a lost answer, so everything is keyed by the instance and says what shall be,
 * not what to add; what has returned is durable. The second of two calls about one instance waits for the first.
 */
final class Crm
{
    public function __construct(private readonly string $dir)
    {
        is_dir($dir) || mkdir($dir, 0700, true) || is_dir($dir) || throw new RuntimeException("the directory $dir cannot be made");
    }

    /** Does one task and returns what its kind demands. */
    public function perform(array $task): array
    {
        ['instanceId' => $instance, 'kind' => $kind] = $task;
        if (!preg_match('/^[0-9A-Za-z-]{1,64}$/', $instance)) {
            $kind === 'TASK_KIND_IDENTIFY' && throw new Refused('FAILURE_CODE_UNKNOWN_INSTANCE', 'no ID of ours');
            throw new RuntimeException('no instance ID that could name a file');
        }
        $lock = fopen("$this->dir/$instance.lock", 'c');
        flock($lock, LOCK_EX); // until this returns
        $tenant = $this->read($instance);
        // 64-bit integers are texts in JSON, and members that are empty may be missing.
        $terms = [
            'product' => $task['productId'] ?? '', 'sku' => $task['skuCode'] ?? '',
            'seats' => (int) ($task['linearValue'] ?? 0), 'expires' => $task['expireTime'] ?? null,
        ];
        switch ($kind) {
            case 'TASK_KIND_CREATE':
                if (in_array($terms['product'], explode(' ', getenv('NOT_SOLD') ?: '-'), true)) {
                    throw new Refused('FAILURE_CODE_SOLD_OUT', 'this product is not sold any more');
                }
                $tenant ??= [
                    'id' => 't-' . bin2hex(random_bytes(4)), 'password' => bin2hex(random_bytes(9)),
                    'order' => $task['causeOrderId'] ?? '', 'line' => $task['orderLineId'] ?? '',
                ] + $terms;
                $this->write($instance, $tenant);
                return ['accessInfo' => $this->access($tenant)];
            case 'TASK_KIND_IDENTIFY': // is it ours? Koogate does not know it; look, and make nothing
                if ($tenant === null) {
                    throw new Refused('FAILURE_CODE_UNKNOWN_INSTANCE', 'no such tenant');
                }
                return ['instance' => [
                    'orderId' => $tenant['order'], 'orderLineId' => $tenant['line'], 'productId' => $tenant['product'], 'skuCode' => $tenant['sku'],
                    'quantity' => $tenant['seats'], 'expireTime' => $tenant['expires'], 'access' => $this->access($tenant),
                    'state' => ($tenant['frozen'] ?? false) ? 'IMPORT_STATE_FROZEN' : 'IMPORT_STATE_ACTIVE',
                ]];
            case 'TASK_KIND_REFRESH':
            case 'TASK_KIND_UPGRADE':
                $this->write($instance, $terms + ($tenant ?? []));
                return [];
            case 'TASK_KIND_FREEZE':
            case 'TASK_KIND_UNFREEZE':
                $this->write($instance, ['frozen' => $kind === 'TASK_KIND_FREEZE'] + ($tenant ?? []));
                return [];
            case 'TASK_KIND_RELEASE':
                is_file("$this->dir/$instance.json") && unlink("$this->dir/$instance.json");
                return [];
            case 'TASK_KIND_CHECK_CHANGE':
                return ['changeVerdict' => ['allowed' => true]];
            case 'TASK_KIND_ISSUE_LICENCE': // the same task must get the same licence
                return ['licence' => ['text' => "licence {$task['taskId']}"]];
        }
        throw new RuntimeException("$kind is newer than this page");
    }

    public function list(): array
    {
        $all = [];
        foreach (glob("$this->dir/*.json") as $file) {
            $instance = basename($file, '.json');
            $tenant = $this->read($instance);
            $all[] = array_filter(['instanceId' => $instance, 'resourceId' => $tenant['id'] ?? '', 'expiresAt' => $tenant['expires'] ?? null]);
        }
        return $all;
    }

    /** How the customer gets in. */
    private function access(array $tenant): array
    {
        return ['frontEndUrl' => "https://{$tenant['id']}.crm.example.com/", 'userName' => 'admin', 'password' => $tenant['password']];
    }

    private function read(string $instance): ?array
    {
        $file = "$this->dir/$instance.json";
        return is_file($file) ? json_decode(file_get_contents($file), true, 16, JSON_THROW_ON_ERROR) : null;
    }

    /** Replaces the file; when it returns, the change is durable. */
    private function write(string $instance, array $tenant): void
    {
        $file = fopen("$this->dir/$instance.new", 'w');
        if ($file === false || fwrite($file, json_encode($tenant, JSON_THROW_ON_ERROR)) === false || !fsync($file)
            || !fclose($file) || !rename("$this->dir/$instance.new", "$this->dir/$instance.json")) {
            throw new RuntimeException('the tenant cannot be written');
        }
    }
}

/** Whether Koogate has sent this: Standard Webhooks signs the ID, the time and the bytes of the body. */
function signed(array $server, string $body, string $secrets): bool
{
    $id = $server['HTTP_WEBHOOK_ID'] ?? '';
    $time = $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || !ctype_digit($time) || abs(time() - (int) $time) > 300) {
        return false;
    }
    $held = false;
    foreach (preg_split('/\s+/', $secrets, -1, PREG_SPLIT_NO_EMPTY) as $secret) { // two while a secret is changed
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        if ($key === false || $key === '') {
            continue;
        }
        $want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
        foreach (explode(' ', $server['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
            $held = hash_equals($want, $signature) || $held;
        }
    }
    return $held;
}

/** Ends the call. */
function answer(int $status, ?array $result = null): void
{
    http_response_code($status);
    if ($result !== null) {
        header('Content-Type: application/json');
        echo json_encode((object) $result, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
    }
}

function main(): void
{
    set_error_handler(static fn (int $level, string $message) => throw new ErrorException($message, 0, $level)); // nothing fails silently
    $crm = new Crm(getenv('CRM_DIR') ?: 'crm');
    if (PHP_SAPI === 'cli') {
        echo json_encode($crm->list(), JSON_UNESCAPED_SLASHES), "\n";
        return;
    }
    if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'POST') {
        answer(405);
        return;
    }
    $body = file_get_contents('php://input');
    if (!signed($_SERVER, $body, getenv('KOOGATE_WEBHOOK_SECRET') ?: '')) {
        error_log('a call that is not signed with a secret of KOOGATE_WEBHOOK_SECRET');
        answer(503); // tried again: an order must not end because of a wrong secret
        return;
    }
    try {
        $task = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
        $bought = $task['purchase'] ?? []; // the buyer stands in "input", which is personal data: keep it out of logs
        error_log("{$task['kind']} {$task['instanceId']}: order " . ($bought['orderId'] ?? '') . ', product ' . ($bought['productId'] ?? ''));
        answer(200, $crm->perform($task));
    } catch (Refused $refused) { // for good
        answer(422, ['code' => $refused->failure, 'message' => $refused->getMessage(), 'customerMessage' => $refused->getMessage()]);
    } catch (Throwable $error) {
        error_log(get_class($error) . ': ' . $error->getMessage());
        answer(500); // tried again later
    }
}

main();
