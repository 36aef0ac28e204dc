package actions_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
)

const memoryTool, memoryKey = "a static program", "cases/c-1/memory/image.bin"

// memoryWith is the request's settings: every platform has the tool of that content.
func memoryWith(content string, change func(settings)) settings {
	tool := settings{"tool": "s3://" + actiontest.Bucket + "/tools/avml", "sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(content))), "arguments": []string{"--source", "/proc/kcore"}}
	with := settings{"tools": settings{"linux": tool, "windows": tool}, "seconds": 600, "max_gib": 256}
	if change != nil {
		change(with)
	}
	return with
}

// stageTool puts the tool into the evidence bucket, which is the vault.
func stageTool(content string) func(testing.TB, *actiontest.World) {
	return func(t testing.TB, w *actiontest.World) {
		w.Evidence.BucketName, w.Evidence.Prefix = actiontest.Bucket, "cases/c-1/"
		_, err := w.Others.S3.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(actiontest.Bucket), Key: aws.String("tools/avml"), Body: strings.NewReader(content),
		})
		ok(t, err)
	}
}

func memoryScenarios() []actiontest.Scenario {
	const id = "ec2.capture-memory"
	staged, with := stageTool(memoryTool), memoryWith(memoryTool, nil)
	failing := func(t testing.TB, w *actiontest.World, rec action.Record) { nothingSent(t, w); noURL(t, w, rec) }
	return []actiontest.Scenario{
		{Name: "Linux", Action: id, With: with, Setup: staged, Check: captured("AWS-RunShellScript")},
		{Name: "Windows", Light: true, Action: id, Instance: actiontest.BatchServer, With: with, Setup: staged, Check: captured("AWS-RunPowerShellScript")},
		{Name: "slow", Light: true, Action: id, With: with, Setup: staged, Options: awssim.Options{CommandTime: 4 * time.Minute}, Check: captured("AWS-RunShellScript")},
		{
			Name: "too slow", Light: true, Action: id, With: memoryWith(memoryTool, func(s settings) { s["seconds"] = 120 }), Setup: staged,
			Options: awssim.Options{CommandTime: 4 * time.Minute},
			Want:    action.Failed, Text: "ended with Execution Timed Out", Check: failing,
		},
		{
			Name: "URLs over before the end", Light: true, Action: id, With: memoryWith(memoryTool, func(s settings) { s["seconds"] = 125 }), Setup: staged,
			Options: awssim.Options{CommandTime: 150 * time.Second}, Want: action.Failed, Text: "send part 1: refused (403)", Check: failing,
		},
		{Name: "another tool", Light: true, Action: id, With: with, Setup: stageTool("a tool that somebody put there"), Want: action.Failed, Text: "it was not run", Check: failing},
		{Name: "a tool that fails", Light: true, Action: id, With: memoryWith("exit 3", nil), Setup: stageTool("exit 3"), Want: action.Failed, Text: "the host says: the tool ended with 3", Check: failing},
		{
			Name: "no tool there", Action: id, With: with, Want: action.Failed, Text: "find the memory tool s3://", Check: failing,
			Setup: func(_ testing.TB, w *actiontest.World) {
				w.Evidence.BucketName, w.Evidence.Prefix = actiontest.Bucket, "cases/c-1/"
			},
		},
		{
			Name: "an object of that name", Action: id, With: with, Want: action.Failed, Text: "no command of this case has sent it",
			Setup: func(t testing.TB, w *actiontest.World) {
				staged(t, w)
				_, err := w.Others.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(actiontest.Bucket), Key: aws.String(memoryKey), Body: strings.NewReader("planted")})
				ok(t, err)
			},
		},
		{
			Name: "an upload that was left", Action: id, With: with, Check: captured("AWS-RunShellScript"),
			Setup: func(t testing.TB, w *actiontest.World) {
				staged(t, w)
				_, err := w.Others.S3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(actiontest.Bucket), Key: aws.String(memoryKey)})
				ok(t, err)
			},
		},
		{Name: "none configured", Action: id, Want: action.Skipped, Text: "no memory capture configured"},
		{Name: "a directory as vault", Action: id, With: with, Want: action.Skipped, Text: "the vault is a directory"},
		{Name: "none for the platform", Action: id, Instance: actiontest.BatchServer, Setup: staged, With: memoryWith(memoryTool, func(s settings) {
			delete(s["tools"].(settings), "windows")
		}), Want: action.Skipped, Text: "for windows"},
		{Name: "too much memory", Action: id, Setup: staged, With: memoryWith(memoryTool, func(s settings) { s["max_gib"] = 4 }), Want: action.Skipped, Text: "8 GiB of memory, more than ec2.memory.max_gib: 4"},
		{Name: "not managed", Action: id, Instance: actiontest.Database, With: with, Setup: staged, Want: action.Skipped, Text: "not managed"},
		{Name: "cut off", Action: id, Instance: actiontest.BatchServer, With: with, Setup: staged, First: []string{"ec2.isolate-network"}, Want: action.Failed, Text: "did not come online"},
	}
}

// captured wants the image in the bucket, whole, attested with S3's word and the hash of its parts, and no URL anywhere.
func captured(document string) func(testing.TB, *actiontest.World, action.Record) {
	return func(t testing.TB, w *actiontest.World, rec action.Record) {
		out, err := w.Others.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(actiontest.Bucket), Key: aws.String(memoryKey)})
		ok(t, err)
		image, err := io.ReadAll(out.Body)
		ok(t, err)
		if !bytes.Contains(image, []byte("memory of "+w.Target.ID)) {
			t.Errorf("the image is another one: %d bytes", len(image))
		}
		var r struct {
			Document, Tool string
			Arguments      string
			Parts          int
			Image          action.Artifact
			Uploaded       action.Uploaded
		}
		ok(t, json.Unmarshal(w.Evidence.Get("memory/result.json"), &r))
		part := fmt.Sprintf("%x\n", sha256.Sum256(image))
		if r.Document != document || r.Image.Bytes != int64(len(image)) || r.Image.SHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(part))) || r.Parts != 1 ||
			r.Uploaded.ETag != *out.ETag || r.Uploaded.Version != *out.VersionId || r.Uploaded.CRC64NVME == "" || r.Arguments != "--source /proc/kcore" {
			t.Errorf("result %+v of an image of %d bytes", r, len(image))
		}
		nothingSent(t, w)
		noURL(t, w, rec)
	}
}

// nothingSent wants no upload to be open.
func nothingSent(t testing.TB, w *actiontest.World) {
	t.Helper()
	out, err := w.Others.S3.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(actiontest.Bucket)})
	ok(t, err)
	if len(out.Uploads) > 0 {
		t.Errorf("%d uploads are open", len(out.Uploads))
	}
}

// noURL wants no presigned URL in the record and in the evidence: they are secrets.
func noURL(t testing.TB, w *actiontest.World, rec action.Record) {
	t.Helper()
	raw, err := json.Marshal(rec)
	ok(t, err)
	for _, name := range w.Evidence.Names() {
		raw = append(raw, w.Evidence.Get(name)...)
	}
	if bytes.Contains(raw, []byte("X-Amz-")) {
		t.Errorf("a presigned URL in the record or in evidence: %s", raw)
	}
}
