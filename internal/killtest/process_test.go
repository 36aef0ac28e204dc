package killtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// moment is when a process is killed; the zero one is never.
type moment struct {
	after time.Duration // from its start
	line  int           // at its n-th line of progress
	write int           // at the account's n-th change from its start, whoever makes it
	post  int           // at its n-th request to Slack or Jira
	heard bool          // … once that has taken effect, else before
}

func (m moment) String() string {
	switch {
	case m.after > 0:
		return fmt.Sprint("after ", m.after)
	case m.line > 0:
		return fmt.Sprint("at line ", m.line)
	case m.write > 0:
		return fmt.Sprint("at change ", m.write)
	case m.post > 0:
		return fmt.Sprintf("at request %d, heard %t", m.post, m.heard)
	default:
		return "never"
	}
}

// span is what an undisturbed run of a verb takes: within it moments are drawn.
type span struct {
	time                 time.Duration
	lines, writes, posts int
}

// moment draws one, of each sort that the verb has.
func (b *box) moment(s span) moment {
	var sorts []func() moment
	sorts = append(sorts, func() moment { return moment{after: 1 + time.Duration(b.rng.Int64N(int64(s.time)))} })
	if s.lines > 0 {
		sorts = append(sorts, func() moment { return moment{line: 1 + b.rng.IntN(s.lines)} })
	}
	if s.writes > 0 {
		at := func() moment { return moment{write: 1 + b.rng.IntN(s.writes)} }
		sorts = append(sorts, at, at)
	}
	if s.posts > 0 {
		sorts = append(sorts, func() moment { return moment{post: 1 + b.rng.IntN(s.posts), heard: b.rng.IntN(2) == 0} })
	}
	return sorts[b.rng.IntN(len(sorts))]()
}

// ended is a process that is over.
type ended struct {
	args      []string
	at        moment
	code      int
	killed    bool
	out, said string // standard output and error
	span      span
}

func (e ended) String() string {
	how := fmt.Sprint("exit code ", e.code)
	if e.killed {
		how = "killed"
	}
	return fmt.Sprintf("cordon %s (to be killed %s): %s\n%s%s", strings.Join(e.args, " "), e.at, how, e.said, e.out)
}

var caseLine = regexp.MustCompile(`\bc-[0-9a-z]{12}\b`)

// run runs the binary once to its end, or to its moment.
func (b *box) run(at moment, args ...string) ended {
	name := fmt.Sprint("process-", b.started.Add(1))
	cmd := b.command(name, args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	progress, err := cmd.StderrPipe()
	if err != nil {
		b.Error(err)
		return ended{}
	}
	running, over := make(chan struct{}), make(chan struct{})
	kill := sync.OnceFunc(func() {
		<-running
		_ = cmd.Process.Kill()
	})
	b.office.join(name, at, kill)
	began, generation := time.Now(), b.generation()
	if err := cmd.Start(); err != nil {
		b.Error(err)
		return ended{}
	}
	close(running)
	var watch sync.WaitGroup
	watch.Go(func() { b.watch(at, generation, kill, over) })
	said, lines := read(progress, at.line, kill)
	err = cmd.Wait()
	close(over)
	watch.Wait()
	e := ended{args: args, at: at, out: out.String(), said: said, span: span{
		time.Since(began), lines, b.generation() - generation, b.office.sent(name),
	}}
	e.killed = signalled(cmd)
	if e.code = cmd.ProcessState.ExitCode(); err != nil && !e.killed && e.code < 0 {
		b.Errorf("%v: %v", e, err)
	}
	return e
}

// watch kills at a time, or at a change of the account.
func (b *box) watch(at moment, generation int, kill func(), over chan struct{}) {
	var timer <-chan time.Time
	if at.after > 0 {
		timer = time.After(at.after)
	}
	var look <-chan time.Time
	if at.write > 0 {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		look = ticker.C
	}
	for {
		select {
		case <-over:
			return
		case <-timer:
			kill()
		case <-look:
			if b.generation() >= generation+at.write {
				kill()
			}
		}
	}
}

// generation counts the changes of the account.
func (b *box) generation() int {
	raw, _ := os.ReadFile(filepath.Join(b.sandbox(), "account.lock"))
	n, _ := strconv.Atoi(string(raw))
	return n
}

// read reads lines to the end, and kills at the n-th.
func read(progress io.Reader, n int, kill func()) (said string, lines int) {
	var all strings.Builder
	scanner := bufio.NewScanner(progress)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		all.WriteString(scanner.Text() + "\n")
		if lines++; lines == n {
			kill()
		}
	}
	return all.String(), lines
}

func signalled(cmd *exec.Cmd) bool {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// job is one process to be.
type job struct {
	at   moment
	args []string
}

// together runs processes side by side, and looks at what they leave behind.
func (b *box) together(jobs ...job) []ended {
	b.Helper()
	all := make([]ended, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() { all[i] = b.run(j.at, j.args...) })
	}
	wg.Wait()
	for _, e := range all {
		b.hunt.processes.Add(1)
		b.Logf("%s: %s, killed %t, code %d", strings.Join(e.args, " "), e.at, e.killed, e.code)
		if e.killed {
			b.kills++
			b.hunt.kills.Add(1)
		}
		for _, id := range caseLine.FindAllString(e.said+e.out, -1) {
			b.printed[id] = true
		}
	}
	b.sound()
	return all
}

// must runs one process that nobody kills, and wants an exit code.
func (b *box) must(code int, args ...string) ended {
	b.Helper()
	e := b.together(job{args: args})[0]
	if e.code != code || e.killed {
		b.Errorf("want exit code %d: %s", code, e)
	}
	return e
}
