package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/lambda"
	"cordon/internal/vault"
)

// FuzzInvoke: whatever a function is invoked with (tasks, queue batches, EventBridge events, in each other), it answers with
// JSON that Step Functions carries (256 KiB), or with an error of a type that the state machine knows. The account is empty, so that
// there is nothing to contain.
func FuzzInvoke(f *testing.F) {
	const rest = `"execution":"e","started":"2026-01-01T00:00:00Z"`
	for _, name := range []string{"ec2-c2.json", "iam-user.json", "attack-sequence.json", "eks-runtime.json", "s3-public.json"} {
		raw := example(f, name)
		f.Add(raw)
		body, err := json.Marshal(string(raw))
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(`{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":` + string(body) + `},{"messageId":"n","body":"{"}]}`))
		f.Add([]byte(`{"task":"open",` + rest + `,"event":` + string(raw) + `}`))
	}
	for _, seed := range []string{
		`{"task":"inline","case":"c-0123456789ab","node":"1/3/0",` + rest + `}`, `{"task":"inline","case":"c-0123456789ab","node":"-1/99999999999999999999",` + rest + `}`,
		`{"task":"step","case":"c-0123456789ab","action":"../x",` + rest + `}`, `{"task":"gate","case":"c-0123456789ab","token":"t",` + rest + `}`,
		`{"task":"settle","case":"c-0123456789ab",` + rest + `}`, `{"task":1}`, `{"Records":[{"eventSource":"aws:sqs"}]}`, `{"Records":[null]}`, `[]`, `null`, ``,
		`{"task":"open","started":"9999-12-31T23:59:59Z","execution":"e","event":{}}`, `{"TASK":"settle","task":"open"}`,
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	store, err := sqlite.Open(f.Context(), filepath.Join(dir, "cordon.db"))
	if err != nil {
		f.Fatal(err)
	}
	defer store.Close()
	v, err := vault.OpenDir(filepath.Join(dir, "evidence"))
	if err != nil {
		f.Fatal(err)
	}
	h := lambda.New(newEngine(awssim.New(awssim.Options{}).Config(region), store, v))
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	f.Fuzz(func(t *testing.T, payload []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 16*time.Second) // of which 15 s are kept for writing down
		defer cancel()
		out, err := h.Invoke(ctx, payload)
		if err != nil {
			if !knownError(err) {
				t.Errorf("an error of type %T: %v", err, err)
			}
			log.Error(err.Error())
			return
		}
		raw, err := json.Marshal(out)
		if err != nil || !json.Valid(raw) || len(raw) > 256<<10 {
			t.Errorf("an answer of %d bytes, %v", len(raw), err)
		}
	})
	cases, err := store.Cases(f.Context(), casefile.Filter{Statuses: []casefile.Status{casefile.Contained}})
	if err != nil || len(cases) > 0 {
		f.Errorf("contained in an empty account: %v, %v", cases, err)
	}
}

func knownError(err error) bool {
	for _, known := range []any{new(*lambda.Pending), new(*lambda.Busy), new(*lambda.Asks), new(*lambda.Settled), new(*lambda.Unusable), new(*lambda.Unfinished), new(*lambda.Failed)} {
		if errors.As(err, known) {
			return true
		}
	}
	return false
}
