package actions

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The scripts are fixed text; what is set above them is checked by memoryScript.
var (
	//go:embed scripts/memory.sh
	memoryShell string
	//go:embed scripts/memory.ps1
	memoryPowerShell string
)

const (
	leastMemoryPart = 64 << 20 // bytes; S3 wants 5 MiB at least
	mostMemoryParts = 5000     // S3 takes 10,000
	gib             = 1 << 30
)

// memoryParts is the size of a part, and how many there may be, for an image of that much memory. An image may be larger than the
// memory: it has headers, and a raw one has the holes for devices too.
func memoryParts(mib int64) (bytes int64, count int32) {
	most := mib<<20 + mib<<20/64 + 4*gib
	for bytes = leastMemoryPart; ; bytes *= 2 {
		if n := (most+bytes-1)/bytes + 1; n <= mostMemoryParts {
			return bytes, int32(n)
		}
	}
}

var (
	presignedURL = regexp.MustCompile(`^https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9._~/%!&=?*+-]+$`)
	toolArgument = regexp.MustCompile(`^[A-Za-z0-9._=/:,+-]+$`)
	hexSHA256    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	uploadTag    = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// memoryScript is the script for a platform, and the Systems Manager document that runs it. id is the same for runs that must not be
// at work at the same time. An error where a value is not of the plain form that no shell takes for anything else.
func memoryScript(windows bool, id, list string, tool memoryTool, partBytes int64) (document, script string, err error) {
	switch {
	case !uploadTag.MatchString(id):
		return "", "", fmt.Errorf("make the script: odd id %q", id)
	case !presignedURL.MatchString(list):
		return "", "", fmt.Errorf("make the script: odd characters in the URL of the list")
	case !hexSHA256.MatchString(tool.SHA256):
		return "", "", fmt.Errorf("make the script: %q is no SHA-256 in lower-case hex", tool.SHA256)
	}
	for _, a := range tool.Arguments {
		if !toolArgument.MatchString(a) {
			return "", "", fmt.Errorf("make the script: odd characters in the argument %q", a)
		}
	}
	sigil, document, text := "", "AWS-RunShellScript", memoryShell
	if windows {
		sigil, document, text = "$", "AWS-RunPowerShellScript", memoryPowerShell
	}
	var b strings.Builder
	for _, v := range [][2]string{
		{"id", "'" + id + "'"},
		{"list", "'" + list + "'"},
		{map[bool]string{false: "tool_sha256", true: "toolSha256"}[windows], "'" + tool.SHA256 + "'"},
		{map[bool]string{false: "part_bytes", true: "partBytes"}[windows], strconv.FormatInt(partBytes, 10)},
		{"arguments", "'" + strings.Join(tool.Arguments, " ") + "'"},
	} {
		equals := map[bool]string{false: "=", true: " = "}[windows]
		fmt.Fprintf(&b, "%s%s%s%s\n", sigil, v[0], equals, v[1])
	}
	return document, b.String() + text, nil
}

// memoryReport is what the script says in its last line.
type memoryReport struct {
	Parts  int
	Bytes  int64
	SHA256 string // of the parts' hashes; see action.Uploaded
}

var memoryDone = regexp.MustCompile(`^done parts=([0-9]{1,5}) bytes=([0-9]{1,15}) sha256=([0-9a-f]{64})$`)

// readMemoryReport reads a script's output, which a hostile host may have made up. ok is false where it does not tell of an end;
// failure is then what it says instead, "" for nothing, as printable ASCII.
func readMemoryReport(output string) (r memoryReport, failure string, ok bool) {
	line := ""
	for l := range strings.Lines(output) {
		if rest, found := strings.CutPrefix(strings.TrimRight(l, "\r\n"), "cordon-memory: "); found {
			line = rest
		}
	}
	if m := memoryDone.FindStringSubmatch(line); m != nil {
		r.SHA256 = m[3]
		var perr, berr error
		r.Parts, perr = strconv.Atoi(m[1])
		r.Bytes, berr = strconv.ParseInt(m[2], 10, 64)
		return r, "", perr == nil && berr == nil && r.Parts > 0 && r.Bytes > 0
	}
	failure = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, strings.TrimPrefix(line, "failed: "))
	return r, failure[:min(len(failure), 300)], false
}
