package awssim

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// uniqueID makes an IAM unique id such as AROA…, of the given length in all.
func (s *state) uniqueID(prefix string, length int) string {
	s.Seq++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", prefix, s.Seq))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:length-len(prefix)]
}

// uuid makes an id of the form of a UUID.
func (s *state) uuid() string {
	s.Seq++
	sum := sha256.Sum256(fmt.Appendf(nil, "uuid/%d", s.Seq))
	h := hex.EncodeToString(sum[:])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

// iamPage cuts the page that a List operation of IAM answers; marker is nil and more false at the end.
func iamPage(keys []string, marker *string, maxItems *int32) (page []string, next *string, more bool, err error) {
	if maxItems != nil && (*maxItems < 1 || *maxItems > 1000) {
		return nil, nil, false, validationError("1 validation error detected: Value '%d' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000", *maxItems)
	}
	if badToken(aws.ToString(marker)) {
		return nil, nil, false, validationError("Invalid Marker.")
	}
	page, token := pageAfter(keys, aws.ToString(marker), pageSize(maxItems, 100, 1000))
	if token == "" {
		return page, nil, false, nil
	}
	return page, &token, true, nil
}
