// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// admission is everything that one new order writes.
type admission struct {
	order, line, instance string
	query, create         string // task IDs
	data, hash            string // of the event
	at                    int64  // microseconds
}

// rows is where the floor keeps what it must not lose.
type rows interface {
	admit(ctx context.Context, a admission) error // errTaken when the line is there
	line(ctx context.Context, order, line string) (instance, code string, err error)
	access(ctx context.Context, instance string) (sealed []byte, err error)
	seed(ctx context.Context, a admission, sealed []byte) error // an instance that is in use
	close() error
}

var (
	errTaken   = errors.New("taken")
	errMissing = errors.New("missing")
)

type floor struct {
	key   string // signs every call
	rows  rows
	locks lockbox
	aead  cipher.AEAD
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		f.answer(w, "000002", "", "")
		return
	}
	q := r.URL.Query()
	nonce, ts := q.Get("nonce"), q.Get("timestamp")
	inner := mac([]byte(f.key), body)
	want := mac([]byte(f.key), []byte(f.key+nonce+ts+inner))
	if !hmac.Equal([]byte(strings.ToLower(q.Get("signature"))), []byte(want)) {
		f.answer(w, "000001", "", "")
		return
	}
	ms, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || time.Since(time.UnixMilli(ms)).Abs() > time.Minute {
		f.answer(w, "000002", "", "")
		return
	}
	var c struct {
		Activity, OrderID, OrderLineID, BusinessID, InstanceID string
	}
	if err := json.Unmarshal(body, &c); err != nil {
		f.answer(w, "000002", "", "")
		return
	}
	lock := ""
	if c.Activity == "newInstance" {
		lock = c.OrderID + "/" + c.OrderLineID
	}
	fresh, held, err := f.locks.enter(r.Context(), nonce, lock)
	if err == nil && !fresh {
		f.answer(w, "000001", "", "")
		return
	}
	switch c.Activity {
	case "newInstance":
		f.newInstance(w, r, c.OrderID, c.OrderLineID, c.BusinessID)
		if held {
			_ = f.locks.leave(r.Context(), lock)
		}
	case "queryInstance":
		f.queryInstance(w, r, c.InstanceID)
	default:
		f.answer(w, "000002", "", "")
	}
}

func (f *floor) newInstance(w http.ResponseWriter, r *http.Request, order, line, business string) {
	if instance, code, err := f.rows.line(r.Context(), order, line); err == nil {
		f.answer(w, code, instance, "")
		return
	}
	data, err := json.Marshal(map[string]string{"answer": "000004", "businessId": business, "endpoint": "bench", "orderLineId": line})
	if err != nil {
		f.answer(w, "000005", "", "")
		return
	}
	sum := sha256.Sum256(data)
	err = f.rows.admit(r.Context(), admission{
		order: order, line: line, instance: business, query: uuid.Must(uuid.NewV7()).String(), create: uuid.Must(uuid.NewV7()).String(),
		data: string(data), hash: hex.EncodeToString(sum[:]), at: time.Now().UnixMicro(),
	})
	if errors.Is(err, errTaken) {
		instance, code, err := f.rows.line(r.Context(), order, line)
		if err != nil {
			code = "000005"
		}
		f.answer(w, code, instance, "")
		return
	}
	if err != nil {
		f.answer(w, "000005", "", "")
		return
	}
	f.answer(w, "000004", business, "")
}

func (f *floor) queryInstance(w http.ResponseWriter, r *http.Request, instance string) {
	sealed, err := f.rows.access(r.Context(), instance)
	if err != nil {
		f.answer(w, "000003", "", "")
		return
	}
	plain, err := f.aead.Open(nil, sealed[:12], sealed[12:], []byte(instance))
	if err != nil {
		f.answer(w, "000005", "", "")
		return
	}
	f.answer(w, "000000", instance, string(plain))
}

// answer writes the wire's JSON; access is the appInfo object.
func (f *floor) answer(w http.ResponseWriter, code, instance, access string) {
	var b bytes.Buffer
	b.WriteString(`{"resultCode":"` + code + `","resultMsg":"floor"`)
	switch {
	case access != "":
		b.WriteString(`,"info":[{"instanceId":"` + instance + `","appInfo":` + access + `}]`)
	case instance != "":
		b.WriteString(`,"instanceId":"` + instance + `"`)
	}
	b.WriteString("}")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b.Bytes())
}

func mac(key, data []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// Config is what a floor is told.
type Config struct {
	Addr      string // where it listens
	Database  string // "sqlite:" and a file, or PostgreSQL's URL; it has the product's schema
	Redis     string // host:port; empty for locks in memory
	AccessKey string // signs every call
	// Order and Instance are in use when it is ready.
	Order, Instance string
}

// Serve runs the floor until it is told to stop.
func Serve(ctx context.Context, cfg Config) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	key := sha256.Sum256([]byte(cfg.AccessKey)) // the same for all floors of a database
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return err
	}
	f := &floor{key: cfg.AccessKey, locks: newMapLocks()}
	if f.aead, err = cipher.NewGCM(block); err != nil {
		return err
	}
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok {
		f.rows, err = openSQLite(ctx, path)
	} else {
		f.rows, err = openPostgres(ctx, cfg.Database)
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.rows.close() }()
	if cfg.Redis != "" {
		f.locks = redisLocks{redis.NewClient(&redis.Options{Addr: cfg.Redis, PoolSize: 64})}
	}
	nonce := make([]byte, 12)
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	access := `{"frontEndUrl":"https://` + cfg.Instance + `.example.com/","userName":"admin","password":"0123456789abcdef"}`
	err = f.rows.seed(ctx, admission{
		order: cfg.Order, line: cfg.Order + "-000001", instance: cfg.Instance, query: uuid.NewString(), create: uuid.NewString(),
		data: "{}", hash: strings.Repeat("0", 64), at: time.Now().UnixMicro(),
	}, f.aead.Seal(nonce, nonce, []byte(access), []byte(cfg.Instance)))
	if err != nil && !errors.Is(err, errTaken) { // taken: it was started before
		return err
	}
	srv := &http.Server{Addr: cfg.Addr, Handler: f, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
