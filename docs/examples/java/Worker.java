// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A worker for Koogate in Java 17 with nothing but the JDK: it leases tasks over REST, does them in "your system", a directory of files
 * here, and reports back. Copy it and replace class Crm; your JSON library replaces class Json. See README.md next to it.
 *
 * <pre>
 *   java Worker.java         works until it is stopped
 *   java Worker.java list    shows what there is in "your system"
 * </pre>
 */
public final class Worker {
    /** Seconds; a task that takes longer is held by heartbeats. */
    static final int LEASE = Integer.parseInt(env("KOOGATE_LEASE", "30"));

    public static void main(String[] args) throws Exception {
        Crm crm = new Crm(Path.of(env("CRM_DIR", "crm")));
        if (args.length == 1 && args[0].equals("list")) {
            System.out.println(Json.write(crm.list()));
            return;
        }
        try {
            new Worker(new Koogate(), crm).run();
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    static String env(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    private final Koogate koogate;
    private final Crm crm;
    private final ScheduledExecutorService beats = Executors.newSingleThreadScheduledExecutor(r -> {
        Thread t = new Thread(r, "heartbeats");
        t.setDaemon(true);
        return t;
    });
    private volatile boolean stopped;

    Worker(Koogate koogate, Crm crm) {
        this.koogate = koogate;
        this.crm = crm;
    }

    /** Works until the process is told to stop, which waits for the task in hand and 5 s at most for one to come. */
    void run() throws InterruptedException {
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopped = true;
            try {
                main.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        System.out.println("waiting for tasks of the queue " + koogate.queue + " at " + koogate.url);
        while (!stopped) {
            try {
                for (Object task : koogate.lease()) {
                    work(Json.object(task));
                }
            } catch (Refusal e) {
                if (List.of(400, 401, 403, 404).contains(e.status)) { // it does not help to ask again
                    System.err.println(e.reason + ": see docs/errors.md#" + e.reason.toLowerCase());
                    Runtime.getRuntime().halt(1); // exit would wait for the hook, and that for us
                }
                System.err.println("no tasks: " + e.reason);
                Thread.sleep(2000);
            } catch (IOException e) {
                System.err.println("Koogate is away: " + e);
                Thread.sleep(2000);
            }
        }
    }

    private void work(Map<String, Object> task) throws InterruptedException {
        Map<String, Object> bought = Json.object(task.get("purchase")); // the buyer stands in "input", which is personal data: keep it out of logs
        String what = task.get("kind") + " " + task.get("instanceId");
        System.out.println(what + ": order " + bought.get("orderId") + ", product " + bought.get("productId"));
        try (Lease lease = new Lease(task)) {
            Map<String, Object> result;
            try {
                result = crm.perform(task);
            } catch (Refused e) { // for good
                lease.report("fail", Map.of("permanent", true, "code", e.code, "message", e.getMessage(), "customerMessage", e.getMessage()));
                return;
            } catch (IOException | RuntimeException e) { // tried again later
                System.err.println(what + ": " + e);
                lease.report("fail", Map.of("message", e.getClass().getSimpleName()));
                return;
            }
            lease.report("complete", result);
        }
    }

    /**
     * Your system. The same task may come again after a crash or a lost answer, so everything is keyed by the instance and says what shall
     * be, not what to add; what has returned is durable.
     */
    static final class Crm {
        private static final SecureRandom RANDOM = new SecureRandom();
        private final Path dir;

        Crm(Path dir) throws IOException {
            this.dir = Files.createDirectories(dir);
        }

        /** Does one task and returns what its kind demands. */
        Map<String, Object> perform(Map<String, Object> task) throws IOException, InterruptedException, Refused {
            String instance = (String) task.get("instanceId");
            String kind = (String) task.get("kind");
            boolean ours = instance.matches("[0-9A-Za-z-]{1,64}"); // else it names no file of ours
            Properties tenant = ours ? read(instance) : new Properties();
            switch (kind) {
                case "TASK_KIND_CREATE" -> {
                    if (Arrays.asList(env("NOT_SOLD", "").split(" ")).contains(task.getOrDefault("productId", "-"))) {
                        throw new Refused("FAILURE_CODE_SOLD_OUT", "this product is not sold any more");
                    }
                    Thread.sleep((long) (1000 * Double.parseDouble(env("CRM_SECONDS", "0")))); // yours may take as long as it likes
                    if (tenant.isEmpty()) {
                        tenant.setProperty("tenant", "t-" + random(4));
                        tenant.setProperty("password", random(9));
                        tenant.setProperty("orderId", String.valueOf(task.getOrDefault("causeOrderId", "")));
                        tenant.setProperty("orderLineId", String.valueOf(task.getOrDefault("orderLineId", "")));
                        terms(tenant, task);
                        write(instance, tenant);
                    }
                    return Map.of("accessInfo", access(tenant));
                }
                case "TASK_KIND_IDENTIFY" -> { // is it ours? Koogate does not know it; look, and make nothing
                    if (tenant.isEmpty()) {
                        throw new Refused("FAILURE_CODE_UNKNOWN_INSTANCE", "no such tenant");
                    }
                    Map<String, Object> known = new TreeMap<>(Map.of("access", access(tenant),
                            "state", tenant.getProperty("frozen", "false").equals("true") ? "IMPORT_STATE_FROZEN" : "IMPORT_STATE_ACTIVE"));
                    for (String name : List.of("orderId", "orderLineId", "productId", "skuCode", "linearValue", "expireTime")) {
                        if (!tenant.getProperty(name, "").isEmpty()) {
                            known.put(name.equals("linearValue") ? "quantity" : name, tenant.getProperty(name));
                        }
                    }
                    return Map.of("instance", known);
                }
                case "TASK_KIND_REFRESH", "TASK_KIND_UPGRADE" -> {
                    terms(tenant, task);
                    write(instance, tenant);
                }
                case "TASK_KIND_FREEZE", "TASK_KIND_UNFREEZE" -> {
                    tenant.setProperty("frozen", String.valueOf(kind.equals("TASK_KIND_FREEZE")));
                    write(instance, tenant);
                }
                case "TASK_KIND_RELEASE" -> Files.deleteIfExists(file(instance));
                case "TASK_KIND_CHECK_CHANGE" -> {
                    return Map.of("changeVerdict", Map.of("allowed", true));
                }
                case "TASK_KIND_ISSUE_LICENCE" -> { // the same task must get the same licence
                    return Map.of("licence", Map.of("text", "licence " + task.get("taskId")));
                }
                default -> throw new IllegalArgumentException(kind + " is newer than this worker");
            }
            return Map.of();
        }

        /** How the customer gets in. */
        private static Map<String, Object> access(Properties tenant) {
            return Map.of("frontEndUrl", "https://" + tenant.getProperty("tenant") + ".crm.example.com/", "userName", "admin", "password", tenant.getProperty("password"));
        }

        /** What is sold and until when. 64-bit integers are texts in JSON, and members that are empty may be missing. */
        private static void terms(Properties tenant, Map<String, Object> task) {
            for (String name : List.of("productId", "skuCode", "linearValue", "expireTime")) {
                tenant.setProperty(name, String.valueOf(task.getOrDefault(name, "")));
            }
        }

        List<Object> list() throws IOException {
            List<Object> all = new ArrayList<>();
            try (DirectoryStream<Path> files = Files.newDirectoryStream(dir, "*.properties")) {
                for (Path f : files) {
                    String instance = f.getFileName().toString().replace(".properties", "");
                    Properties tenant = read(instance);
                    Map<String, Object> row = new TreeMap<>(Map.of("instanceId", instance, "resourceId", tenant.getProperty("tenant", "")));
                    if (!tenant.getProperty("expireTime", "").isEmpty()) {
                        row.put("expiresAt", tenant.getProperty("expireTime"));
                    }
                    all.add(row);
                }
            }
            return all;
        }

        private Path file(String instance) {
            return dir.resolve(instance + ".properties"); // an instance ID of ours is a UUID
        }

        private Properties read(String instance) throws IOException {
            Properties p = new Properties();
            if (Files.exists(file(instance))) {
                try (Reader r = Files.newBufferedReader(file(instance))) {
                    p.load(r);
                }
            }
            return p;
        }

        /** Replaces the file; when it returns, the change is durable. */
        private void write(String instance, Properties tenant) throws IOException {
            StringWriter text = new StringWriter();
            tenant.store(text, null);
            Path fresh = dir.resolve(instance + ".new");
            Files.writeString(fresh, text.toString());
            try (FileChannel c = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                c.force(true);
            }
            Files.move(fresh, file(instance), StandardCopyOption.ATOMIC_MOVE);
        }

        private static String random(int bytes) {
            byte[] b = new byte[bytes];
            RANDOM.nextBytes(b);
            return HexFormat.of().formatHex(b);
        }
    }

    /** The order can never be fulfilled: the marketplace is told by the code, and the buyer reads the message (ASCII). */
    @SuppressWarnings("serial")
    static final class Refused extends Exception {
        final String code;

        Refused(String code, String message) {
            super(message);
            this.code = code;
        }
    }

    /**
     * One task that is ours, kept by heartbeats while it is worked on. Its token says so: when another worker has the task, Koogate refuses
     * the token, and the task is that worker's.
     */
    final class Lease implements AutoCloseable {
        private final Map<String, Object> task;
        private final ScheduledFuture<?> beating;
        private volatile long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(LEASE);
        private volatile boolean lost;

        Lease(Map<String, Object> task) {
            this.task = task;
            this.beating = beats.scheduleAtFixedRate(this::beat, LEASE * 1000 / 3, LEASE * 1000 / 3, TimeUnit.MILLISECONDS);
        }

        private void beat() {
            long began = System.nanoTime();
            try {
                post("heartbeat", Map.of("leaseDuration", LEASE + "s"));
                until = began + TimeUnit.SECONDS.toNanos(LEASE);
            } catch (Refusal e) {
                lost = lost || e.last();
            } catch (IOException | InterruptedException e) {
                // Koogate is away; the next one may reach it.
            }
        }

        /** Tells how the task has ended, again while no answer comes: told twice it is answered the same. */
        void report(String verb, Map<String, Object> body) throws InterruptedException {
            while (!lost && System.nanoTime() - until < 0) { // and otherwise the task comes again
                try {
                    post(verb, body);
                    return;
                } catch (Refusal e) {
                    System.err.println(verb + " was refused: " + e.reason);
                    if (e.reason.equals("RESULT_INVALID")) { // nobody else has the task: give it back
                        report("fail", Map.of("message", "the result was refused"));
                        return;
                    }
                    if (e.last()) {
                        return; // FENCING_TOKEN_STALE: another worker has it, or it was cancelled
                    }
                } catch (IOException e) {
                    System.err.println("Koogate is away: " + e);
                }
                if (stopped) {
                    return;
                }
                Thread.sleep(1000);
            }
        }

        private void post(String verb, Map<String, Object> body) throws IOException, InterruptedException {
            Map<String, Object> said = new LinkedHashMap<>(body);
            said.put("fencingToken", task.get("fencingToken"));
            koogate.post("/v1/tasks/" + task.get("taskId") + ":" + verb, said, 10);
        }

        @Override
        public void close() {
            beating.cancel(false);
        }
    }

    /** What Koogate refused, with its reason; docs/errors.md lists the reasons. */
    @SuppressWarnings("serial")
    static final class Refusal extends IOException {
        final int status;
        final String reason;

        Refusal(int status, String reason) {
            super(reason);
            this.status = status;
            this.reason = reason;
        }

        /** Whether sending it again does not help. */
        boolean last() {
            return status < 500 && status != 429;
        }
    }

    /** The task service over REST. */
    static final class Koogate {
        final String url = required("KOOGATE_URL").replaceAll("/$", "");
        final String queue = required("KOOGATE_QUEUE");
        private final String token = required("KOOGATE_TOKEN");
        private final String name = "java-" + ProcessHandle.current().pid();
        private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build();

        private static String required(String name) {
            String value = env(name, "");
            if (value.isEmpty()) {
                throw new IllegalStateException("set " + name + ": KOOGATE_URL is the REST API, KOOGATE_TOKEN a token, KOOGATE_QUEUE a provisioner of type worker");
            }
            return value;
        }

        /** Waits up to 5 s for a task, so a stop waits no longer. */
        List<Object> lease() throws IOException, InterruptedException {
            Object tasks = post("/v1/tasks:lease", Map.of("queue", queue, "workerId", name, "maxTasks", 1, "wait", "5s", "leaseDuration", LEASE + "s"), 20).get("tasks");
            return tasks instanceof List<?> l ? new ArrayList<>(l) : List.of();
        }

        Map<String, Object> post(String path, Map<String, Object> body, int seconds) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(seconds))
                    .header("Authorization", "Bearer " + token).header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(Json.write(body))).build();
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            Map<String, Object> said = Map.of();
            try {
                said = Json.object(Json.read(answer.body()));
            } catch (IllegalArgumentException e) {
                if (answer.statusCode() == 200) {
                    throw new IOException("the answer is no JSON: is " + url + " the REST API?");
                }
            }
            if (answer.statusCode() == 200) {
                return said;
            }
            String reason = "HTTP " + answer.statusCode();
            if (said.get("details") instanceof List<?> details) {
                for (Object d : details) {
                    reason = Json.object(d).get("reason") instanceof String s ? s : reason;
                }
            }
            throw new Refusal(answer.statusCode(), reason);
        }
    }

    /** As much JSON as a worker needs, since the JDK has none. Objects are maps, arrays lists; numbers are texts as they came. */
    static final class Json {
        private static final int DEEPEST = 100;
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        static Object read(String text) {
            Json j = new Json(text);
            Object value = j.value(0);
            if (j.next() != 0) {
                throw j.wrong();
            }
            return value;
        }

        /** The members of an object; of anything else none. */
        @SuppressWarnings("unchecked")
        static Map<String, Object> object(Object value) {
            return value instanceof Map<?, ?> m ? (Map<String, Object>) m : Map.of();
        }

        static String write(Object value) {
            if (value instanceof Map<?, ?> m) {
                List<String> members = new ArrayList<>();
                m.forEach((k, v) -> members.add(quote(String.valueOf(k)) + ":" + write(v)));
                return "{" + String.join(",", members) + "}";
            }
            if (value instanceof List<?> l) {
                return "[" + String.join(",", l.stream().map(Json::write).toList()) + "]";
            }
            return value == null || value instanceof Number || value instanceof Boolean ? String.valueOf(value) : quote(String.valueOf(value));
        }

        private static String quote(String s) {
            StringBuilder b = new StringBuilder("\"");
            for (char c : s.toCharArray()) {
                if (c == '"' || c == '\\') {
                    b.append('\\').append(c);
                } else if (c < ' ') {
                    b.append(String.format("\\u%04x", (int) c));
                } else {
                    b.append(c);
                }
            }
            return b.append('"').toString();
        }

        private Object value(int depth) {
            if (depth > DEEPEST) {
                throw wrong();
            }
            char c = next();
            switch (c) {
                case '{' -> {
                    Map<String, Object> members = new LinkedHashMap<>();
                    for (at++; next() != '}'; comma('}')) {
                        String name = string();
                        if (next() != ':') {
                            throw wrong();
                        }
                        at++;
                        members.put(name, value(depth + 1));
                    }
                    at++;
                    return members;
                }
                case '[' -> {
                    List<Object> elements = new ArrayList<>();
                    for (at++; next() != ']'; comma(']')) {
                        elements.add(value(depth + 1));
                    }
                    at++;
                    return elements;
                }
                case '"' -> {
                    return string();
                }
                default -> {
                    int from = at;
                    while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "+-.".indexOf(text.charAt(at)) >= 0)) {
                        at++;
                    }
                    String word = text.substring(from, at);
                    return switch (word) {
                        case "" -> throw wrong();
                        case "null" -> null;
                        case "true", "false" -> Boolean.valueOf(word);
                        default -> word;
                    };
                }
            }
        }

        private void comma(char end) {
            if (next() == ',') {
                at++;
            } else if (next() != end) {
                throw wrong();
            }
        }

        private String string() {
            if (next() != '"') {
                throw wrong();
            }
            StringBuilder b = new StringBuilder();
            for (at++; ; at++) {
                if (at >= text.length()) {
                    throw wrong();
                }
                char c = text.charAt(at);
                if (c == '"') {
                    at++;
                    return b.toString();
                }
                if (c != '\\') {
                    b.append(c);
                    continue;
                }
                at++;
                int known = at < text.length() ? "\"\\/bfnrt".indexOf(text.charAt(at)) : -1;
                if (known >= 0) {
                    b.append("\"\\/\b\f\n\r\t".charAt(known));
                } else if (text.startsWith("u", at) && at + 5 <= text.length()) {
                    b.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    throw wrong();
                }
            }
        }

        /** The next character that is no space, 0 at the end. */
        private char next() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return at < text.length() ? text.charAt(at) : 0;
        }

        private IllegalArgumentException wrong() {
            return new IllegalArgumentException("no JSON at character " + at);
        }
    }
}
