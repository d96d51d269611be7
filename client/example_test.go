// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// A worker that creates instances. provide stands for a product: it makes what does not exist yet under this ID, and tells what is there.
func Example() {
	provide := func(instance string) string { return "https://" + instance + ".example.com/" }

	conn, err := client.Dial(client.FromEnv()) // KOOGATE_ADDR, KOOGATE_TOKEN …
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond) // yours: signal.NotifyContext
	defer stop()
	err = client.Worker{
		Conn: conn, Queue: os.Getenv("KOOGATE_QUEUE"), Concurrency: 8,
		Handler: func(_ context.Context, t *koogatev1.Task) (client.Result, error) {
			if t.GetKind() != koogatev1.TaskKind_TASK_KIND_CREATE {
				return client.Result{}, fmt.Errorf("%s is not supported", t.GetKind())
			}
			url := provide(t.GetInstanceId())
			fmt.Println("attempt", t.GetAttempt(), "made", url)
			return client.Ready(&koogatev1.AccessInfo{FrontEndUrl: url}), nil
		},
	}.Run(ctx)
	fmt.Println("stopped:", err)
	// Output:
	// attempt 1 made https://i-a.example.com/
	// stopped: <nil>
}

// A receiver of a webhook whose secret is just being replaced.
func ExampleVerifier_Handler() {
	v, err := client.NewVerifier(oldSecret, newSecret)
	if err != nil {
		log.Fatal(err)
	}
	seen := map[string]bool{} // yours is a table, written in the transaction of what the event brings about
	hook := v.Handler(func(_ context.Context, e client.Event) error {
		if seen[e.ID] {
			return nil
		}
		seen[e.ID] = true
		fmt.Println(e.Type, "of order", e.Subject)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("/koogate", hook)

	for range 2 { // events come at least once
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, message(newSecret))
		fmt.Println(w.Code)
	}
	stranger := httptest.NewRecorder()
	mux.ServeHTTP(stranger, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/koogate", strings.NewReader("{}")))
	fmt.Println(stranger.Code)
	// Output:
	// koogate.event.instance.released of order CS1
	// 204
	// 204
	// 401
}

// What Koogate refuses is told with its reason and what to do.
func ExampleAsError() {
	err := refusal() // of any call on a connection of Dial
	if e, ok := client.AsError(err); ok {
		switch e.Reason {
		case koogatev1.ErrorReason_ERROR_REASON_INVALID_FIELD:
			for _, f := range e.Fields {
				fmt.Println(f.Path, f.Message)
			}
		default:
			fmt.Println(e.Retryable, e.RetryAfter)
		}
		fmt.Println(e.Remedy)
	}
	// Output:
	// webhook.url must be https
	// Correct what the message names. The API description has the bounds of every field.
}
