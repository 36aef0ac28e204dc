package awssim

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// describeInstanceTypes takes types by name; the whole list is not simulated.
func describeInstanceTypes(_ *request, in *ec2.DescribeInstanceTypesInput) (*ec2.DescribeInstanceTypesOutput, error) {
	if len(in.InstanceTypes) == 0 || len(in.Filters) > 0 || in.NextToken != nil {
		return nil, apiError(501, "UnsimulatedOperation", "DescribeInstanceTypes is simulated for types by name")
	}
	out := &ec2.DescribeInstanceTypesOutput{}
	for _, t := range in.InstanceTypes {
		mib := memoryOfType(string(t))
		if mib == 0 {
			return nil, apiError(400, "InvalidInstanceType", "The following supplied instance types do not exist: [%s]", t)
		}
		out.InstanceTypes = append(out.InstanceTypes, ec2types.InstanceTypeInfo{
			InstanceType: t, MemoryInfo: &ec2types.MemoryInfo{SizeInMiB: aws.Int64(mib)},
			ProcessorInfo: &ec2types.ProcessorInfo{SupportedArchitectures: []ec2types.ArchitectureType{ec2types.ArchitectureType(architecture(string(t)))}},
		})
	}
	return out, nil
}

// memoryOfType is the memory in MiB of the general (t3, t4g, m), compute (c) and memory (r) families, 0 for another name.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html
func memoryOfType(name string) int64 {
	family, size, _ := strings.Cut(name, ".")
	large := map[byte]int64{'t': 8, 'm': 8, 'c': 4, 'r': 16}[(family + " ")[0]] << 10
	if len(family) < 2 || family[1] < '3' || family[1] > '9' || large == 0 {
		return 0
	}
	burstable := map[string]int64{"nano": 512, "micro": 1024, "small": 2048}[size]
	n, err := strconv.ParseInt(strings.TrimSuffix(size, "xlarge"), 10, 64)
	switch {
	case burstable > 0 && family[0] == 't':
		return burstable
	case size == "medium" && (family[0] == 't' || strings.HasSuffix(family, "g")):
		return large / 2
	case size == "large":
		return large
	case size == "xlarge":
		return 2 * large
	case err == nil && n >= 2 && n <= 48 && strings.HasSuffix(size, "xlarge"):
		return 2 * large * n
	}
	return 0
}
