package vault

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a vault")
	client := func() (*s3.Client, string, error) {
		return s3.New(s3.Options{Region: "us-east-1"}), "111122223333", nil
	}
	for uri, want := range map[string]string{
		"file://" + dir: "file://" + strings.ReplaceAll(dir, " ", "%20") + "/c-1/x",
		"file://" + strings.ReplaceAll(dir, " ", "%20"): "file://" + strings.ReplaceAll(dir, " ", "%20") + "/c-1/x",
		"file://localhost" + dir:                        "file://" + strings.ReplaceAll(dir, " ", "%20") + "/c-1/x",
		"s3://my-bucket":                                "s3://my-bucket/c-1/x",
		"s3://my-bucket/":                               "s3://my-bucket/c-1/x",
		"s3://my-bucket/a/b/":                           "s3://my-bucket/a/b/c-1/x",
		"S3://my-bucket/a":                              "s3://my-bucket/a/c-1/x",
	} {
		v, err := Open(uri, client)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
		} else if got := v.URI("c-1", "x"); got != want {
			t.Errorf("%s: a piece is %s, want %s", uri, got, want)
		}
	}
	v, err := Open("s3://my-bucket/a", client)
	must(t, err)
	if bucket, prefix, ok := v.Bucket("c-1"); bucket != "my-bucket" || prefix != "a/c-1/" || !ok {
		t.Errorf("Bucket: %q, %q, %v", bucket, prefix, ok)
	}
}

func TestOpenErrors(t *testing.T) {
	broken := errors.New("no credentials")
	client := func() (*s3.Client, string, error) { return nil, "", broken }
	for uri, want := range map[string]string{
		"":                    "it is neither a directory nor a bucket (write file:///DIR or s3://BUCKET/PREFIX)",
		"/var/lib/cordon":     "write file:///DIR",
		"http://host/x":       "write file:///DIR",
		"file://dir/x":        "the path is not absolute (write file:///DIR with three slashes)",
		"file://":             "the path is not absolute",
		"file:///a%zz":        "write % as %25",
		"file:///a%00b":       "NUL",
		"s3://":               "is no bucket's name (write s3://BUCKET/PREFIX)",
		"s3:///prefix":        "is no bucket's name",
		"s3://Bucket_Name/x":  "is no bucket's name",
		"s3://bucket?x=1/key": "is no bucket's name",
		"s3://my-bucket/x":    "no credentials",
	} {
		_, err := Open(uri, client)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant an error that says %q", uri, err, want)
		}
		if want == broken.Error() && !errors.Is(err, broken) {
			t.Errorf("%q: %v is not the client's error", uri, err)
		}
	}
}
