/* The C client of NATS (libnats), put through the same cases as the others. One process, one task, one line of JSON.
 *
 *   bench case=publish size=16 headers=0 count=1 warmup=1000 operations=10000 burst=1000 ports=4222[,4223] pid=1
 *
 * As its users would write it: the default options, but no limit of pending messages, and one delivery thread for
 * all subscriptions where there are many (a thread for each is its default, and a thousand of them no fair fight).
 */

#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SUBJECT "orders.created"
#define READ_HEADER "Trace-Id"
#define READ_HEADER_LENGTH 32
#define TIMEOUT 10000

static const char *const header[2][2] = {
    {READ_HEADER, "4bf92f3577b34da6a3ce929d0e0e4736"},
    {"Content-Type", "application/json"},
};

static struct {
    char name[32];
    int size;
    bool headers;
    int count;
    long warmup;
    long operations;
    long burst;
    int ports[2];
    int portCount;
    int pid;
} task;

static char *payload;
static char **subjects;

static void fail(const char *what, natsStatus status)
{
    fprintf(stderr, "%s: %s (%s)\n", what, natsStatus_GetText(status), nats_GetLastError(NULL));
    exit(1);
}

static void check(const char *what, natsStatus status)
{
    if (status != NATS_OK)
        fail(what, status);
}

/* Measuring. */

static struct timespec wallStart;
static struct rusage cpuStart;

static void start(void)
{
    getrusage(RUSAGE_SELF, &cpuStart);
    clock_gettime(CLOCK_MONOTONIC, &wallStart);
}

static double micros(struct timeval from, struct timeval to)
{
    return (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_usec - from.tv_usec);
}

static double cpuUsed, wallUsed;

static void stop(void)
{
    struct timespec wall;
    struct rusage cpu;
    clock_gettime(CLOCK_MONOTONIC, &wall);
    getrusage(RUSAGE_SELF, &cpu);
    cpuUsed = micros(cpuStart.ru_utime, cpu.ru_utime) + micros(cpuStart.ru_stime, cpu.ru_stime);
    wallUsed = (double)(wall.tv_sec - wallStart.tv_sec) * 1e6 + (double)(wall.tv_nsec - wallStart.tv_nsec) / 1e3;
}

static void report(long operations, long rssBytes)
{
    printf("{\"operations\":%ld,\"cpuMicros\":%.0f,\"wallMicros\":%.3f", operations, cpuUsed, wallUsed);
    if (rssBytes >= 0)
        printf(",\"rssBytes\":%ld", rssBytes);
    printf("}\n");
}

/* A line of /proc/self/status, in bytes. */
static long memory(const char *name)
{
    char line[256];
    long kilobytes = -1;
    FILE *status = fopen("/proc/self/status", "r");
    size_t length = strlen(name);
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, length) == 0)
            kilobytes = atol(line + length);
    if (status != NULL)
        fclose(status);
    return kilobytes * 1024;
}

/* Connections. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool isReconnected = false;

static void onReconnected(natsConnection *nc, void *closure)
{
    (void)nc;
    (void)closure;
    pthread_mutex_lock(&lock);
    isReconnected = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* For requests: what is published goes out at once, not when a thread that sleeps for a millisecond wakes up. */
static bool sendsAtOnce = false;

static natsConnection *connectTo(bool hasManySubscriptions)
{
    natsOptions *options = NULL;
    natsConnection *nc = NULL;
    char urls[2][64];
    const char *servers[2] = {urls[0], urls[1]};
    for (int i = 0; i < task.portCount; i++)
        snprintf(urls[i], sizeof urls[i], "nats://127.0.0.1:%d", task.ports[i]);
    check("options", natsOptions_Create(&options));
    check("servers", natsOptions_SetServers(options, servers, task.portCount));
    check("order", natsOptions_SetNoRandomize(options, true));
    check("callback", natsOptions_SetReconnectedCB(options, onReconnected, NULL));
    check("sending", natsOptions_SetSendAsap(options, sendsAtOnce));
    if (hasManySubscriptions)
        check("delivery", natsOptions_UseGlobalMessageDelivery(options, true));
    check("connect", natsConnection_Connect(&nc, options));
    natsOptions_Destroy(options);
    return nc;
}

static void flush(natsConnection *nc)
{
    check("flush", natsConnection_FlushTimeout(nc, 60000));
}

/* Publishing. */

static void publishWithHeaders(natsConnection *nc, const char *subject)
{
    natsMsg *msg = NULL;
    natsStatus s = natsMsg_Create(&msg, subject, NULL, payload, task.size);
    for (int i = 0; s == NATS_OK && i < 2; i++)
        s = natsMsgHeader_Set(msg, header[i][0], header[i][1]);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(nc, msg);
    natsMsg_Destroy(msg);
    check("publish", s);
}

static void publishAll(natsConnection *nc, long messages)
{
    int next = 0;
    for (long left = messages; left > 0; left -= task.burst) {
        long end = left < task.burst ? left : task.burst;
        for (long i = 0; i < end; i++) {
            const char *subject = subjects[next];
            next = next + 1 == task.count ? 0 : next + 1;
            if (task.headers)
                publishWithHeaders(nc, subject);
            else
                check("publish", natsConnection_Publish(nc, subject, payload, task.size));
        }
        flush(nc);
    }
}

static void publish(void)
{
    natsConnection *nc = connectTo(false);
    publishAll(nc, task.warmup);
    start();
    publishAll(nc, task.operations);
    stop();
    report(task.operations, -1);
}

static void publishUnawaited(void)
{
    natsConnection *nc = connectTo(false);
    long before;
    publishAll(nc, task.warmup);
    before = memory("VmRSS:");
    start();
    for (long i = 0; i < task.operations; i++)
        check("publish", natsConnection_Publish(nc, subjects[0], payload, task.size));
    flush(nc);
    stop();
    report(task.operations, memory("VmHWM:") - before);
}

/* Receiving. Each callback runs in one thread; the main thread waits for its signal. */

static long received = 0, bytes = 0, expected = 0;
static bool looksAtSubject = false;

static void count(natsMsg *msg)
{
    const char *value = NULL;
    bytes += natsMsg_GetDataLength(msg);
    if (task.headers && natsMsgHeader_Get(msg, READ_HEADER, &value) == NATS_OK)
        bytes += (long)strlen(value);
    if (looksAtSubject)
        bytes += (long)strlen(natsMsg_GetSubject(msg));
    natsMsg_Destroy(msg);
    received++;
}

static void onMessage(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    (void)closure;
    count(msg);
    if (received == __atomic_load_n(&expected, __ATOMIC_ACQUIRE)) {
        pthread_mutex_lock(&lock);
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
}

static void orderMessages(natsConnection *nc, long messages)
{
    char text[64];
    bool isFanOut = strcmp(task.name, "fan-out") == 0;
    snprintf(text, sizeof text, "%ld %d %d %d", messages, task.size, task.headers, isFanOut ? 1 : task.count);
    check("order", natsConnection_PublishString(nc, "flooder.order", text));
}

static void receive(natsConnection *nc, natsSubscription *iterated, long deliveries)
{
    long copies = strcmp(task.name, "fan-out") == 0 ? task.count : 1;
    for (long left = deliveries; left > 0; left -= task.burst) {
        long wanted = left < task.burst ? left : task.burst;
        __atomic_store_n(&expected, received + wanted, __ATOMIC_RELEASE);
        orderMessages(nc, wanted / copies);
        if (iterated != NULL) {
            for (long i = 0; i < wanted; i++) {
                natsMsg *msg = NULL;
                check("next message", natsSubscription_NextMsg(&msg, iterated, TIMEOUT));
                count(msg);
            }
            continue;
        }
        pthread_mutex_lock(&lock);
        while (__atomic_load_n(&received, __ATOMIC_ACQUIRE) < expected)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
    }
}

static void receiveAll(natsConnection *nc, natsSubscription *iterated)
{
    long each = task.size + (task.headers ? READ_HEADER_LENGTH : 0) + (looksAtSubject ? (long)strlen(subjects[0]) : 0);
    flush(nc);
    receive(nc, iterated, task.warmup);
    start();
    receive(nc, iterated, task.operations);
    stop();
    flush(nc);
    if (received != expected || bytes != expected * each) {
        fprintf(stderr, "received %ld messages and %ld bytes instead of %ld and %ld\n", received, bytes, expected,
                expected * each);
        exit(1);
    }
    report(task.operations, -1);
}

static void subscribe(void)
{
    bool isFanOut = strcmp(task.name, "fan-out") == 0;
    natsConnection *nc = connectTo(task.count > 1);
    looksAtSubject = strcmp(task.name, "subscribe-subjects") == 0;
    for (int i = 0; i < task.count; i++) {
        natsSubscription *sub = NULL;
        check("subscribe", natsConnection_Subscribe(&sub, nc, isFanOut ? SUBJECT : subjects[i], onMessage, NULL));
        check("limits", natsSubscription_SetPendingLimits(sub, -1, -1));
    }
    receiveAll(nc, NULL);
}

static void iterate(void)
{
    natsConnection *nc = connectTo(false);
    natsSubscription *sub = NULL;
    check("subscribe", natsConnection_SubscribeSync(&sub, nc, SUBJECT));
    check("limits", natsSubscription_SetPendingLimits(sub, -1, -1));
    receiveAll(nc, sub);
}

/* Requests: each waits in a thread of its own, there being no other way to have several under way. */

static natsConnection *requester;
static long toAsk;

static void onRequest(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)sub;
    (void)closure;
    check("respond", natsConnection_Publish(nc, natsMsg_GetReply(msg), natsMsg_GetData(msg), natsMsg_GetDataLength(msg)));
    natsMsg_Destroy(msg);
}

static void *askOneByOne(void *closure)
{
    while (__atomic_fetch_sub(&toAsk, 1, __ATOMIC_RELAXED) > 0) {
        natsMsg *answer = NULL;
        check("request", natsConnection_Request(&answer, requester, SUBJECT, payload, task.size, TIMEOUT));
        natsMsg_Destroy(answer);
    }
    return closure;
}

static void ask(long requests)
{
    pthread_t *threads = calloc((size_t)task.count, sizeof *threads);
    toAsk = requests;
    for (int i = 1; i < task.count; i++)
        pthread_create(&threads[i], NULL, askOneByOne, NULL);
    askOneByOne(NULL);
    for (int i = 1; i < task.count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

static void requests(void)
{
    natsConnection *responder;
    natsSubscription *sub = NULL;
    sendsAtOnce = true;
    responder = connectTo(false);
    check("subscribe", natsConnection_Subscribe(&sub, responder, SUBJECT, onRequest, NULL));
    flush(responder);
    requester = connectTo(false);
    ask(task.warmup);
    start();
    ask(task.operations);
    stop();
    report(task.operations, -1);
}

static void flushes(void)
{
    natsConnection *nc = connectTo(false);
    for (long i = 0; i < task.warmup; i++)
        flush(nc);
    start();
    for (long i = 0; i < task.operations; i++)
        flush(nc);
    stop();
    report(task.operations, -1);
}

/* The life of a connection. */

static void connects(bool isAboutMemory)
{
    long before;
    for (long i = 0; i < task.warmup; i++)
        natsConnection_Destroy(connectTo(false));
    before = memory("VmRSS:");
    start();
    for (long i = 0; i < task.operations; i++)
        connectTo(false);
    stop();
    report(task.operations, isAboutMemory ? memory("VmRSS:") - before : -1);
}

static void connectOnly(void)
{
    connects(false);
}

static void connectionMemory(void)
{
    connects(true);
}

static void subscriptionMemory(void)
{
    natsConnection *nc = connectTo(true);
    long before = memory("VmRSS:");
    char subject[32];
    start();
    for (long i = 0; i < task.operations; i++) {
        natsSubscription *sub = NULL;
        snprintf(subject, sizeof subject, "orders.%ld", i);
        check("subscribe", natsConnection_Subscribe(&sub, nc, subject, onMessage, NULL));
    }
    flush(nc);
    stop();
    report(task.operations, memory("VmRSS:") - before);
}

static void reconnect(void)
{
    natsConnection *nc = connectTo(task.count > 1);
    for (int i = 0; i < task.count; i++) {
        natsSubscription *sub = NULL;
        check("subscribe", natsConnection_Subscribe(&sub, nc, subjects[i], onMessage, NULL));
    }
    flush(nc);
    start();
    kill(task.pid, SIGKILL);
    pthread_mutex_lock(&lock);
    while (!isReconnected)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    flush(nc);
    stop();
    /* Not measured: that the last subscription is there. */
    expected = 1;
    check("publish", natsConnection_Publish(nc, subjects[task.count - 1], "", 0));
    pthread_mutex_lock(&lock);
    while (__atomic_load_n(&received, __ATOMIC_ACQUIRE) < expected)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    report(1, -1);
}

/* The task. */

static long number(int argc, char **argv, const char *name)
{
    size_t length = strlen(name);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
            return atol(argv[i] + length + 1);
    fprintf(stderr, "the argument %s is missing\n", name);
    exit(1);
}

static void readTask(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "case=", 5) == 0)
            snprintf(task.name, sizeof task.name, "%s", argv[i] + 5);
        if (strncmp(argv[i], "ports=", 6) == 0)
            task.portCount = sscanf(argv[i] + 6, "%d,%d", &task.ports[0], &task.ports[1]);
    }
    task.size = (int)number(argc, argv, "size");
    task.headers = number(argc, argv, "headers") == 1;
    task.count = (int)number(argc, argv, "count");
    task.warmup = number(argc, argv, "warmup");
    task.operations = number(argc, argv, "operations");
    task.burst = number(argc, argv, "burst");
    task.pid = (int)number(argc, argv, "pid");
    payload = malloc((size_t)task.size + 1);
    memset(payload, 'x', (size_t)task.size);
    subjects = calloc((size_t)task.count, sizeof *subjects);
    for (int i = 0; i < task.count; i++) {
        subjects[i] = malloc(32);
        snprintf(subjects[i], 32, task.count == 1 ? SUBJECT : SUBJECT ".%05d", i);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"publish", publish},
        {"publish-subjects", publish},
        {"publish-unawaited", publishUnawaited},
        {"subscribe", subscribe},
        {"subscribe-subjects", subscribe},
        {"fan-out", subscribe},
        {"iterate", iterate},
        {"request", requests},
        {"requests", requests},
        {"flush", flushes},
        {"connect", connectOnly},
        {"reconnect", reconnect},
        {"connection-memory", connectionMemory},
        {"subscription-memory", subscriptionMemory},
    };
    readTask(argc, argv);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, task.name) != 0)
            continue;
        cases[i].run();
        fflush(stdout);
        /* Threads of the library are still at work: leave without taking down what they use. */
        _exit(0);
    }
    fprintf(stderr, "no case %s\n", task.name);
    return 1;
}
