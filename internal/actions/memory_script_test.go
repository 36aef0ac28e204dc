package actions

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// bucket plays S3 for presigned URLs: it takes each part by its own signature, holds it against Content-MD5, and refuses what S3
// refuses. Nothing of it trusts the script.
type bucket struct {
	list, tool []byte
	answer     func(part, attempt int) int // another status than 200; nil: none

	mu       sync.Mutex
	parts    map[int][]byte
	attempts map[int]int
	order    []int
	bad      []string // what S3 would not have taken
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	part, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
	if r.URL.Query().Get("X-Amz-Signature") != signature(r.URL.Path, part) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	switch r.URL.Path {
	case "/list":
		w.Write(b.list)
		return
	case "/tool":
		w.Write(b.tool)
		return
	}
	if r.Method != http.MethodPut || r.ContentLength < 0 || len(r.TransferEncoding) > 0 || r.Header.Get("Content-Type") != "" {
		b.bad = append(b.bad, fmt.Sprintf("%s of %d bytes, encoding %v, %q", r.Method, r.ContentLength, r.TransferEncoding, r.Header.Get("Content-Type")))
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") {
			b.bad = append(b.bad, "the header "+name+", which is not signed")
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.bad = append(b.bad, err.Error())
	}
	if sum := md5.Sum(body); r.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]) {
		b.bad = append(b.bad, fmt.Sprintf("part %d: Content-MD5 %q", part, r.Header.Get("Content-MD5")))
	}
	if b.attempts[part]++; b.answer != nil {
		if status := b.answer(part, b.attempts[part]); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	b.parts[part] = body
	b.order = append(b.order, part)
}

// signature is what the URL of a path and part has to carry; it has the odd characters of a real one.
func signature(path string, part int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", path, part))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// image is random, with every byte in it, and with long rows of zeros.
func image(n int) []byte {
	b := make([]byte, n)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		if i/4096%3 != 0 {
			b[i] = byte(random.Uint32())
		}
	}
	return b
}

// hashOfParts is action.Uploaded's, computed apart from the script.
func hashOfParts(content []byte, size int) string {
	var lines bytes.Buffer
	for rest := content; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		fmt.Fprintf(&lines, "%x\n", sha256.Sum256(rest[:min(size, len(rest))]))
	}
	return fmt.Sprintf("%x", sha256.Sum256(lines.Bytes()))
}

func TestMemoryScript(t *testing.T) {
	const part = 100_000
	writes := func(script string) func(dir string) []byte {
		return func(dir string) []byte { return []byte("#!/bin/sh\n" + strings.ReplaceAll(script, "DIR", dir)) }
	}
	// As a real tool: the path of the output is the last argument, standard output is chatter.
	good := writes("echo chatter\nfor out; do :; done\ncat DIR/image >\"$out\"")
	cases := []struct {
		name   string
		bytes  int
		urls   int // 0: enough
		tool   func(dir string) []byte
		other  bool // the configured hash is another one
		args   []string
		answer func(part, attempt int) int
		want   string // of a failure; "" for none
		sent   int    // with want: how many parts reach the bucket
	}{
		{name: "not a multiple of the part", bytes: 7*part + 4321},
		{name: "a multiple", bytes: 3 * part},
		{name: "one byte more", bytes: 2*part + 1},
		{name: "less than a part", bytes: 77},
		{name: "arguments", bytes: part, args: []string{"--source", "/proc/kcore"}, tool: writes("[ \"$#\" = 3 ] && [ \"$1\" = --source ] && [ \"$2\" = /proc/kcore ] && cat DIR/image >\"$3\"")},
		{name: "opens its output twice", bytes: 2 * part, tool: writes("head -c 50000 DIR/image >\"$1\"; sleep 0.2; tail -c +50001 DIR/image >\"$1\"")},
		{name: "slow, in small pieces", bytes: part + 500, tool: writes("exec >\"$1\"; head -c 10 DIR/image; sleep 0.3; tail -c +11 DIR/image")},
		{name: "a part refused for a moment", bytes: 3 * part, answer: func(part, attempt int) int {
			if part == 2 && attempt < 3 {
				return 503
			}
			return 0
		}},
		{name: "a part refused for good", bytes: 5 * part, want: "send part 3: HTTP status 500", sent: 2, answer: func(part, _ int) int {
			if part == 3 {
				return 500
			}
			return 0
		}},
		{name: "URLs that have expired", bytes: 5 * part, want: "send part 2: refused (403): the URL has expired", sent: 1, answer: func(part, _ int) int {
			if part == 2 {
				return 403
			}
			return 0
		}},
		{name: "upload aborted", bytes: 5 * part, want: "send part 1: not there (404)", answer: func(int, int) int { return 404 }},
		{name: "another tool", bytes: part, other: true, tool: writes("touch DIR/ran"), want: "not the configured one: it was not run"},
		{name: "tool fails in the middle", bytes: 3 * part, tool: writes("head -c 150000 DIR/image >\"$1\"; echo 'no \x1b[31msuch \x07device' >&2; exit 7"), want: "the tool ended with 7 after 150000 bytes: no [31msuch device", sent: 2},
		{name: "tool fails after all", bytes: 2 * part, tool: writes("cat DIR/image >\"$1\"; exit 1"), want: "the tool ended with 1 after 200000 bytes", sent: 2},
		{name: "tool is killed", bytes: part, tool: writes("kill -9 $$"), want: "the tool ended with 137 after 0 bytes"},
		{name: "tool writes nothing", tool: writes(": >\"$1\""), want: "the tool wrote nothing"},
		{name: "tool does not open the pipe", bytes: part, tool: writes("exit 0"), want: "the tool wrote nothing"},
		{name: "tool is no program", bytes: part, tool: func(string) []byte { return []byte("\x7fELF\x00garbage") }, want: "the tool ended with 126"},
		{name: "too few URLs", bytes: 4 * part, urls: 2, want: "2 parts are sent and there are no more URLs", sent: 2},
	}
	before := leftovers(t)
	t.Cleanup(func() { // the parallel tests are over
		if after := leftovers(t); len(after) > len(before) {
			t.Errorf("left behind: %q, before: %q", after, before)
		}
	})
	for _, shell := range []string{"dash", "bash"} {
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("no %s here", shell)
			continue
		}
		for i, c := range cases {
			t.Run(shell+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				content := image(c.bytes)
				if err := os.WriteFile(filepath.Join(dir, "image"), content, 0o600); err != nil {
					t.Fatal(err)
				}
				if c.tool == nil {
					c.tool = good
				}
				b := &bucket{tool: c.tool(dir), parts: map[int][]byte{}, attempts: map[int]int{}, answer: c.answer}
				s := httptest.NewServer(b)
				defer s.Close()
				at := func(path string, part int) string {
					q := "?X-Amz-Signature=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(signature(path, part))
					if part > 0 {
						q += "&partNumber=" + strconv.Itoa(part) + "&uploadId=a.b_c-d"
					}
					return s.URL + path + q
				}
				urls := at("/tool", 0) + "\n"
				for n := 1; n <= c.bytes/part+1 && (c.urls == 0 || n <= c.urls); n++ {
					urls += at("/c-1/memory/image.bin", n) + "\n"
				}
				b.list = []byte(urls)
				tool := memoryTool{SHA256: fmt.Sprintf("%x", sha256.Sum256(b.tool)), Arguments: c.args}
				if c.other {
					tool.SHA256 = fmt.Sprintf("%x", sha256.Sum256(nil))
				}
				id := fmt.Sprintf("%016x", sha256.Sum256(fmt.Appendf(nil, "%s %d %d", shell, i, os.Getpid())))[:16]
				_, script, err := memoryScript(false, id, at("/list", 0), tool, part)
				if err != nil {
					t.Fatal(err)
				}
				// As Systems Manager does it: the commands are a file that a shell runs.
				file := filepath.Join(dir, "_script.sh")
				if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := exec.CommandContext(t.Context(), shell, file).CombinedOutput()
				report, failure, done := readMemoryReport(string(out))
				b.mu.Lock()
				defer b.mu.Unlock()
				if len(b.bad) > 0 {
					t.Errorf("S3 would not take: %q", b.bad)
				}
				if strings.Contains(string(out), "Signature") || len(out) > 2000 {
					t.Errorf("output with URLs in it, or too long: %s", out)
				}
				if _, err := os.Stat("/run/cordon-memory-" + id); err == nil {
					t.Error("the lock is left")
				}
				if c.want != "" {
					if err == nil || done || !strings.Contains(failure, c.want) {
						t.Errorf("want a failure with %q: %v\n%s", c.want, err, out)
					}
					if len(b.parts) != c.sent {
						t.Errorf("%d parts sent, want %d", len(b.parts), c.sent)
					}
					if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
						t.Error("a tool with another hash was run")
					}
					return
				}
				if err != nil || !done {
					t.Fatalf("%v\n%s", err, out)
				}
				var joined []byte
				for n := 1; n <= len(b.parts); n++ {
					if n < len(b.parts) && len(b.parts[n]) != part {
						t.Errorf("part %d has %d bytes", n, len(b.parts[n]))
					}
					joined = append(joined, b.parts[n]...)
				}
				if !bytes.Equal(joined, content) {
					t.Errorf("%d bytes in %d parts (%v) are not the image's %d", len(joined), len(b.parts), b.order, len(content))
				}
				want := memoryReport{Parts: len(b.parts), Bytes: int64(len(content)), SHA256: hashOfParts(content, part)}
				if report != want {
					t.Errorf("report %+v, want %+v", report, want)
				}
			})
		}
	}
}

// leftovers are the directories that scripts have made and not removed.
func leftovers(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, base := range []string{"/var/tmp", "/tmp", "/run", "/root"} {
		found, err := filepath.Glob(base + "/cordon-??????????")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}
