package awssim

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cordon/internal/cloud"
)

// memoryImage is how many bytes of memory a simulated host has: few, so that an account stays small.
const memoryImage = 150_000

var (
	captures      = regexp.MustCompile(`(?m)^# Sends the memory of this host, part by part`)
	captureValue  = regexp.MustCompile(`(?m)^\$?([A-Za-z0-9_]+) ?= ?'?([^'\n]*)'?$`)
	captureNames  = map[string]string{"toolSha256": "tool_sha256", "partBytes": "part_bytes"} // PowerShell's to the shell's
	captureRefuse = map[int]string{403: "refused (403): the URL has expired, or Cordon may not do this", 404: "not there (404)"}
)

// playMemory plays the host's part of a memory capture: it fetches the list and the tool by their URLs, holds the tool against its
// hash, "runs" it and sends the parts. A tool that begins with "exit N" ends with that code after its first bytes, any other gives
// an image of memoryImage bytes. ok is false for another script.
func (s *state) playMemory(c *ssmCommand, commands []string, start, end time.Time, opts Options) (stdout string, code int32, ok bool) {
	script := strings.Join(commands, "\n")
	if !captures.MatchString(script) {
		return "", 0, false
	}
	head, _, _ := strings.Cut(script, "#")
	values := map[string]string{}
	for _, m := range captureValue.FindAllStringSubmatch(head, -1) {
		name := m[1]
		if shell := captureNames[name]; shell != "" {
			name = shell
		}
		values[name] = m[2]
	}
	done, err := s.sendMemory(c, values, start, end, opts)
	if err != nil {
		return fmt.Sprintf("cordon-memory: failed: %v\n", err), 1, true
	}
	return "cordon-memory: " + done + "\n", 0, true
}

func (s *state) sendMemory(c *ssmCommand, values map[string]string, start, end time.Time, opts Options) (string, error) {
	get := func(what, url string) ([]byte, error) {
		v, err := s.presignedGet(c, url, start, opts)
		return v, hostSees(what, err)
	}
	list, err := get("fetch the list of URLs", values["list"])
	if err != nil {
		return "", err
	}
	urls := strings.Split(strings.TrimSpace(string(list)), "\n")
	tool, err := get("fetch the tool", urls[0])
	if err != nil {
		return "", err
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(tool)); sum != values["tool_sha256"] {
		return "", fmt.Errorf("the tool has the SHA-256 %s, not the configured one: it was not run", sum)
	}
	size, err := strconv.Atoi(values["part_bytes"])
	if err != nil || size < leastPart {
		return "", fmt.Errorf("odd size of a part %q", values["part_bytes"])
	}
	image := bytes.Repeat(fmt.Appendf(nil, "memory of %s %s\n", c.Instances[0], s.Account), memoryImage/40)
	sums, parts := sha256.New(), 0
	for rest := image; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		part := rest[:min(size, len(rest))]
		if parts++; parts >= len(urls) {
			return "", fmt.Errorf("the image is larger than expected: %d parts are sent and there are no more URLs", parts-1)
		}
		if err := hostSees(fmt.Sprintf("send part %d", parts), s.presignedPart(c, urls[parts], part, end, opts)); err != nil {
			return "", err
		}
		fmt.Fprintf(sums, "%x\n", sha256.Sum256(part))
	}
	if rest, fails := strings.CutPrefix(string(tool), "exit "); fails {
		return "", fmt.Errorf("the tool ended with %s after %d bytes: ", strings.TrimSpace(rest), len(image))
	}
	return fmt.Sprintf("done parts=%d bytes=%d sha256=%x", parts, len(image), sums.Sum(nil)), nil
}

// hostSees is an error as the host can tell it: by its HTTP status.
func hostSees(what string, err error) error {
	switch code := cloud.Code(err); {
	case err == nil:
		return nil
	case code == "AccessDenied" || code == "SignatureDoesNotMatch":
		return fmt.Errorf("%s: %s", what, captureRefuse[403])
	case strings.HasPrefix(code, "NoSuch"):
		return fmt.Errorf("%s: %s", what, captureRefuse[404])
	default:
		return fmt.Errorf("%s: HTTP status 400", what)
	}
}

// presignedGet is an object for whoever has its URL.
func (s *state) presignedGet(c *ssmCommand, url string, now time.Time, opts Options) ([]byte, error) {
	p, err := s.presigned("GET", url, now)
	if err != nil {
		return nil, err
	}
	v, err := p.bucket.object(&p.key, nil)
	if err != nil {
		return nil, err
	}
	return v.Body, s.signerMay(c, p, "s3:GetObject", "kms:Decrypt", v.KMSKey, nil, opts)
}

// presignedPart sends a part for whoever has its URL.
func (s *state) presignedPart(c *ssmCommand, url string, body []byte, now time.Time, opts Options) error {
	p, err := s.presigned("PUT", url, now)
	if err != nil {
		return err
	}
	if err := s.signerMay(c, p, "s3:PutObject", "kms:GenerateDataKey", p.bucket.Key, partOfObject, opts); err != nil {
		return err
	}
	sum := md5.Sum(body)
	id := p.query.Get("uploadId")
	_, err = p.bucket.sendPart(&id, &p.key, p.part(), body, base64.StdEncoding.EncodeToString(sum[:]), now)
	return err
}

// signerMay asks IAM about whoever signed a URL: here the sender of the command, whose clients sign with the account's one key.
func (s *state) signerMay(c *ssmCommand, p presigned, action, keyAction, key string, more map[string][]string, opts Options) error {
	x := &request{Call: Call{Principal: c.Sender, Region: p.bucket.Region, Service: "S3"}, st: s}
	name := p.bucket.Name
	for _, check := range append([]Check{x.askS3(action, &name, &p.key, more)}, x.askKey(keyAction, key)...) {
		if opts.Authorize != nil && !opts.Authorize(check) {
			return s3Denied(withBody)
		}
	}
	return nil
}
