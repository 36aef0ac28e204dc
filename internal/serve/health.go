package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// storeLook is how often the store is tried for /readyz, whoever asks how often; queueSilence is how long a queue that gives
// errors counts as there.
const (
	storeLook    = 5 * time.Second
	queueSilence = time.Minute
)

// readiness is what /readyz knows.
type readiness struct {
	mu       sync.Mutex
	stopping bool

	queueOK  time.Time // the last answer
	queueErr string    // the code of the last call's error, "" for none

	looking  sync.Mutex
	storeAt  time.Time
	storeErr error
}

func (r *readiness) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
}

// queue notes how the last call to the queue went.
func (r *readiness) queue(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.queueErr = code(err)
		return
	}
	r.queueErr, r.queueOK = "", time.Now()
}

// store tries the store, not too often.
func (r *readiness) store(ctx context.Context, check func(context.Context) error) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	if time.Since(r.storeAt) >= storeLook {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLook) // a probe that hangs up says nothing of the store
		defer cancel()
		r.storeErr, r.storeAt = check(ctx), time.Now()
	}
	return r.storeErr
}

// reasons are why the service is not ready; none: it is. They hold nothing foreign.
func (s *Service) reasons(ctx context.Context) []string {
	var out []string
	r := &s.ready
	if err := r.store(ctx, s.store.Check); err != nil {
		out = append(out, "the case store cannot be written (see the log)")
		s.said(ctx, "store", err)
	}
	if s.o.Config.Listen != "" && s.key.missing() {
		out = append(out, "the intake has no key any more (see the log)")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		out = append(out, "the service is stopping")
	}
	switch {
	case s.o.Config.Queue == "":
	case r.queueOK.IsZero() && r.queueErr == "":
		out = append(out, "the queue has not answered yet")
	case r.queueErr != "" && time.Since(r.queueOK) > queueSilence:
		out = append(out, "the queue does not answer: "+r.queueErr)
	}
	return out
}

// health answers /healthz (the process turns), /readyz (it can take findings in) and /metrics.
func (s *Service) health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"alive": true})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if reasons := s.reasons(r.Context()); len(reasons) > 0 {
			answer(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "reasons": reasons})
			return
		}
		answer(w, http.StatusOK, map[string]any{"ready": true})
	})
	if s.o.Metrics != nil {
		mux.Handle("GET /metrics", s.o.Metrics)
	}
	return mux
}

// answer writes a JSON document.
func answer(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"error":"the answer could not be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // a client that went away
}
