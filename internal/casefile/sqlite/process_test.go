package sqlite_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
)

// childFile names the store of a test binary that runs as another process; childDoes says what it does.
const (
	childFile = "CORDON_TEST_STORE"
	childDoes = "CORDON_TEST_DOES"
)

// child opens the case and says whether it made it; "save" then saves one record over and over, each time saying
// which version it has saved; "admit" asks for the admission of 20 cases of its own, saying which it got.
func child(file string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := 0; n < 20 && os.Getenv(childDoes) == "admit"; n++ {
		full, err := s.Admit(ctx, fmt.Sprintf("c-%d-%d", os.Getpid(), n), []casefile.Limit{{Scope: "total", Max: processLimit, Window: time.Hour}}, time.Now())
		fmt.Println("admitted", full == nil, err)
	}
	c, created, err := s.OpenCase(ctx, opening(fmt.Sprintf("c-%d", os.Getpid())))
	fmt.Println("created", created, err)
	r := action.Record{Case: c.ID, Action: "ec2.tag", Status: action.Doing}
	for err == nil && os.Getenv(childDoes) == "save" {
		r.Prior = json.RawMessage(fmt.Sprint(r.Version + 1))
		if r, err = s.SaveRecord(ctx, r); err == nil {
			fmt.Println(r.Version)
		}
	}
	if err := s.Close(); err != nil {
		fmt.Println(err)
	}
}

func command(t *testing.T, file, does string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childFile+"="+file, childDoes+"="+does)
	return cmd
}

func TestProcesses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cordon.db") // made by the first of them
	const processes = 8
	outputs := make(chan string, processes)
	for range processes {
		go func() {
			out, err := command(t, file, "").CombinedOutput()
			outputs <- fmt.Sprint(string(out), err)
		}()
	}
	made := 0
	for range processes {
		switch out := <-outputs; {
		case strings.HasPrefix(out, "created true <nil>\n<nil>"):
			made++
		case !strings.HasPrefix(out, "created false <nil>\n<nil>"):
			t.Error(out)
		}
	}
	if made != 1 {
		t.Errorf("%d processes made the case, want 1", made)
	}
	cases, err := open(t, file).Cases(t.Context(), casefile.Filter{})
	if err != nil || len(cases) != 1 {
		t.Errorf("cases %v, %v; want one", cases, err)
	}
}

// processLimit is how many cases all processes together may have admitted.
const processLimit = 37

func TestProcessesAdmit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cordon.db")
	outputs := make(chan string, 8)
	for range cap(outputs) {
		go func() {
			out, err := command(t, file, "admit").CombinedOutput()
			outputs <- fmt.Sprint(string(out), err)
		}()
	}
	admitted, refused := 0, 0
	for range cap(outputs) {
		out := <-outputs
		admitted += strings.Count(out, "admitted true <nil>\n")
		refused += strings.Count(out, "admitted false <nil>\n")
	}
	if admitted != processLimit || refused != 20*cap(outputs)-processLimit {
		t.Errorf("%d admitted and %d refused, want exactly %d of %d", admitted, refused, processLimit, 20*cap(outputs))
	}
}

func TestKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cordon.db")
	cmd := command(t, file, "save")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, err := fmt.Sscan(lines.Text(), &acknowledged); n == 1 && err == nil && acknowledged == 20 {
			_ = cmd.Process.Kill() // and read what it had said until then
		}
	}
	_ = cmd.Wait()
	if acknowledged < 20 {
		t.Fatalf("the process saved %d versions and ended", acknowledged)
	}
	s := open(t, file)
	cases, err := s.Cases(t.Context(), casefile.Filter{})
	if err != nil || len(cases) != 1 {
		t.Fatalf("cases %v, %v; want one", cases, err)
	}
	r, _, err := s.Record(t.Context(), cases[0].ID, "ec2.tag")
	if err != nil || r.Version < acknowledged || string(r.Prior) != fmt.Sprint(r.Version) {
		t.Errorf("version %d with prior %s, %v; want at least %d", r.Version, r.Prior, err, acknowledged)
	}
	if _, err := s.SaveRecord(t.Context(), r); err != nil {
		t.Errorf("the killed process left the store unusable: %v", err)
	}
}

// alternating sends every second call to another handle on the same file.
type alternating struct {
	casefile.Store
	other casefile.Store
	n     atomic.Int64
}

func (a *alternating) next() casefile.Store {
	if a.n.Add(1)%2 == 0 {
		return a.other
	}
	return a.Store
}

func (a *alternating) OpenCase(ctx context.Context, o casefile.Opening) (casefile.Case, bool, error) {
	return a.next().OpenCase(ctx, o)
}

func (a *alternating) Case(ctx context.Context, id string) (casefile.Case, error) {
	return a.next().Case(ctx, id)
}

func (a *alternating) Update(ctx context.Context, id string, f func(*casefile.Case) ([]casefile.Entry, error)) (casefile.Case, error) {
	return a.next().Update(ctx, id, f)
}

func (a *alternating) SaveRecord(ctx context.Context, r action.Record) (action.Record, error) {
	return a.next().SaveRecord(ctx, r)
}

func (a *alternating) Admit(ctx context.Context, caseID string, limits []casefile.Limit, now time.Time) (*casefile.Limit, error) {
	return a.next().Admit(ctx, caseID, limits, now)
}

func (a *alternating) Admitted(ctx context.Context, limits []casefile.Limit, now time.Time) ([]int, error) {
	return a.next().Admitted(ctx, limits, now)
}

func (a *alternating) Pause(ctx context.Context, p casefile.Pause) error {
	return a.next().Pause(ctx, p)
}

func (a *alternating) Resume(ctx context.Context, by string, now time.Time) error {
	return a.next().Resume(ctx, by, now)
}

func (a *alternating) Paused(ctx context.Context) (casefile.Pause, bool, error) {
	return a.next().Paused(ctx)
}
