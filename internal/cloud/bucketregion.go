package cloud

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// BucketRegion gives a bucket's Region where err, of a call to region, says that the bucket is elsewhere. S3 names it in a
// header; where a proxy has taken that away, the bucket is asked for its location (s3:GetBucketLocation).
func BucketRegion(ctx context.Context, c *Clients, bucket, owner, region string, err error) (other string, ok bool) {
	if !Is(err, "PermanentRedirect", "MovedPermanently", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException") {
		return "", false
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.Response != nil {
		other = answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	if other == "" {
		out, lerr := c.S3.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &bucket, ExpectedBucketOwner: &owner})
		if lerr != nil {
			return "", false
		}
		other = regionOf(out.LocationConstraint)
	}
	return other, other != region
}

// regionOf is the Region that a location constraint stands for; two have names of their own.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
func regionOf(c s3types.BucketLocationConstraint) string {
	switch c {
	case "":
		return "us-east-1"
	case s3types.BucketLocationConstraintEu:
		return "eu-west-1"
	default:
		return string(c)
	}
}
