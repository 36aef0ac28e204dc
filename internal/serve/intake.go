package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cordon/internal/engine"
	"cordon/internal/finding"
)

// maxBody is the most that a request brings; an event of EventBridge has at most 1 MiB.
const maxBody = 1 << 20

// acceptTime is how long the store has for a request's findings.
const acceptTime = 20 * time.Second

// accepted is the body of a 202: the findings are stored, and are being answered.
type acceptedBody struct {
	Cases  []string      `json:"cases"`            // ids, one a target
	Errors []problemBody `json:"errors,omitempty"` // documents that are no usable finding
}

type problemBody struct {
	Document int    `json:"document"` // its place in the request, from 0; -1: all of it
	Reason   string `json:"reason"`
	Hint     string `json:"hint,omitempty"`
}

// refusal is the body of every other answer.
type refusal struct {
	Error  string        `json:"error"`
	Errors []problemBody `json:"errors,omitempty"`
}

// intake answers POST /findings.
func (s *Service) intake() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /findings", s.take)
	mux.HandleFunc("/findings", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed, refusal{Error: "findings are sent with POST"})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, refusal{Error: "there is nothing here; findings are sent with POST to /findings"})
	})
	return mux
}

// take stores the findings of a request, says so, and has them answered.
func (s *Service) take(w http.ResponseWriter, r *http.Request) {
	received := time.Now()
	if ok, err := s.key.matches(r.Context(), r.Header.Get(s.o.Config.APIKeyHeader)); !ok {
		s.said(r.Context(), "api-key", err)
		s.count("http", "unauthorized", 1)
		answer(w, http.StatusUnauthorized, refusal{Error: "the key in the header " + s.o.Config.APIKeyHeader + " is missing or wrong"})
		return
	}
	if s.pool.stopped() {
		s.later(w, http.StatusServiceUnavailable, "the service is stopping")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		answer(w, http.StatusRequestEntityTooLarge, refusal{Error: "the body has more than 1 MiB"})
		return
	case err != nil:
		answer(w, http.StatusBadRequest, refusal{Error: "the body could not be read to its end"})
		return
	}
	findings, bad := finding.Decode(bytes.NewReader(body))
	if len(findings) == 0 {
		s.unusable(w, body, bad)
		return
	}
	if !s.pool.reserve(len(findings)) {
		s.count("http", "refused", len(findings))
		s.later(w, http.StatusTooManyRequests, "all workers are busy, and enough findings wait for one")
		return
	}
	all, err := s.accept(r.Context(), findings, received)
	if err != nil {
		s.pool.release(len(findings))
		s.said(r.Context(), "accept", err)
		s.count("http", "failed", len(findings))
		s.later(w, http.StatusServiceUnavailable, "the case store cannot be written")
		return
	}
	s.count("http", "accepted", len(findings))
	if bad != nil {
		s.count("http", "unusable", len(finding.Problems(bad)))
		s.o.Log.Warn("a request with findings, and with documents that are none", "error", bad.Error())
	}
	out := acceptedBody{Cases: []string{}, Errors: problems(bad)}
	for _, a := range all {
		for _, c := range a.Cases() {
			out.Cases = append(out.Cases, c.ID)
		}
		// What is not answered to its end is said there, and in the backlog from then on.
		if begun := s.jobs.begin(func() { _ = s.respond(s.work, a) }); !begun {
			s.pool.release(1) // stored: it is answered at the next start
		}
	}
	answer(w, http.StatusAccepted, out)
}

// accept stores findings in their cases, all of them or an error: what was stored then is found again in the backlog.
func (s *Service) accept(ctx context.Context, findings []finding.Finding, received time.Time) ([]engine.Accepted, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTime) // a client that goes away leaves nothing half done
	defer cancel()
	var all []engine.Accepted
	for _, f := range findings {
		a, err := s.engine.Accept(ctx, f, received)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// unusable answers a request without findings.
func (s *Service) unusable(w http.ResponseWriter, body []byte, bad error) {
	if detail, other := otherEvent(body); other {
		s.count("http", "no-finding", 1)
		s.o.Log.Info("an event that is no finding", "detail_type", detail)
		answer(w, http.StatusAccepted, acceptedBody{Cases: []string{}, Errors: problems(bad)})
		return
	}
	s.count("http", "unusable", 1)
	s.o.Log.Warn("a request with no usable finding", "error", bad.Error())
	answer(w, http.StatusBadRequest, refusal{Error: "no usable finding", Errors: problems(bad)})
}

// later asks the sender to come again.
func (s *Service) later(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Retry-After", "10")
	answer(w, status, refusal{Error: why})
}

func (s *Service) count(source, outcome string, n int) {
	s.o.Telemetry.Count(Findings, n, Label{"source", source}, Label{"outcome", outcome})
}

func problems(err error) (out []problemBody) {
	for _, p := range finding.Problems(err) {
		out = append(out, problemBody{p.Index, p.Reason, p.Hint})
	}
	return out
}
