package vault

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// bucketName is what S3 takes for one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Open is the vault that a URI names: file:///DIR or s3://BUCKET/PREFIX. s3client gives the client and the account
// that must own the bucket ("" for any); it is called only for s3://.
func Open(uri string, s3client func() (client *s3.Client, owner string, err error)) (Vault, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	switch {
	case ok && strings.EqualFold(scheme, "file"):
		path, err := filePath(rest)
		if err != nil {
			return nil, fmt.Errorf("read vault %q: %w", uri, err)
		}
		return OpenDir(path)
	case ok && strings.EqualFold(scheme, "s3"):
		bucket, prefix, _ := strings.Cut(rest, "/")
		if !bucketName.MatchString(bucket) {
			return nil, fmt.Errorf("read vault %q: %q is no bucket's name (write s3://BUCKET/PREFIX)", uri, bucket)
		}
		client, owner, err := s3client()
		if err != nil {
			return nil, fmt.Errorf("open evidence vault %s: %w", uri, err)
		}
		return OpenS3(client, bucket, prefix, owner)
	}
	return nil, fmt.Errorf("read vault %q: it is neither a directory nor a bucket (write file:///DIR or s3://BUCKET/PREFIX)", uri)
}

// filePath is the path in what follows file://.
func filePath(rest string) (string, error) {
	rest = strings.TrimPrefix(rest, "localhost")
	if !strings.HasPrefix(rest, "/") {
		return "", errors.New("the path is not absolute (write file:///DIR with three slashes)")
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("%w (write %% as %%25)", err)
	}
	if strings.ContainsRune(path, 0) {
		return "", errors.New("the path holds a NUL character (name another one)")
	}
	return path, nil
}
