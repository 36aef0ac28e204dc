package awssim

import (
	"crypto/md5"
	"encoding/hex"
	"time"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucket is one general purpose S3 bucket.
type bucket struct {
	Name, Region, Owner string
	Created             time.Time
	Objects             map[string][]*objectVersion // by key; the newest last
	Uploads             map[string]*upload          // multipart uploads under way, by upload id
	Block               *s3types.PublicAccessBlockConfiguration
	BlockEnforced       bool   // an organization's policy refuses changes of Block
	Policy              string // "" for none
	Grants              []s3types.Grant
	Ownership           s3types.ObjectOwnership        // "" for none
	Versioning          s3types.BucketVersioningStatus // "" when never set
	Tags                []s3types.Tag
	Website             *s3types.WebsiteConfiguration
	Lock                *s3types.ObjectLockConfiguration
	Key                 string // ARN of the KMS key for what is put without asking for another; "" for S3's own
}

// objectVersion is one version of an object, or a delete marker.
type objectVersion struct {
	Version     string // "null" in a bucket without versioning
	Deleted     bool   // a delete marker
	Body        []byte
	ETag        string
	SHA256      string // base64; "" if the writer gave none
	CRC64NVME   string // base64; "" if the writer wanted none
	ContentType string
	Metadata    map[string]string
	Modified    time.Time
	Encryption  s3types.ServerSideEncryption
	KMSKey      string
}

// newest is an object's newest version, nil if there is none or a delete marker hides it.
func (b *bucket) newest(key string) *objectVersion {
	versions := b.Objects[key]
	if len(versions) == 0 || versions[len(versions)-1].Deleted {
		return nil
	}
	return versions[len(versions)-1]
}

// put adds a version as the newest: beside the old ones where versioning is on, else in place of the null version.
func (b *bucket) put(s *state, key string, v *objectVersion) {
	v.Version = "null"
	if v.ETag == "" { // the MD5 of the content, as S3 documents it
		sum := md5.Sum(v.Body)
		v.ETag = `"` + hex.EncodeToString(sum[:]) + `"`
	}
	if v.Encryption == "" && !v.Deleted {
		v.Encryption = s3types.ServerSideEncryptionAes256
	}
	if v.ContentType == "" {
		v.ContentType = "application/octet-stream"
	}
	if b.Versioning == s3types.BucketVersioningStatusEnabled {
		v.Version = s.uniqueID("", 32)
	}
	b.Objects[key] = append(b.without(key, v.Version), v)
}

// without gives a key's versions but one.
func (b *bucket) without(key, version string) []*objectVersion {
	var out []*objectVersion
	for _, v := range b.Objects[key] {
		if v.Version != version {
			out = append(out, v)
		}
	}
	return out
}
