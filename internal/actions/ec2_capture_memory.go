package actions

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/action"
)

// memoryRequest: the tools by platform (linux, linux_arm64, windows), how long sending the image may take, and the largest memory
// that is captured. All of it comes from the configuration alone.
type memoryRequest struct {
	action.On
	Tools   map[string]memoryTool `json:"tools"`
	Seconds int                   `json:"seconds"`
	MaxGiB  int                   `json:"max_gib"`
}

// memoryTool is a program in a bucket, run as: TOOL ARGUMENTS… PIPE. It writes the image into the pipe and exits with 0.
type memoryTool struct {
	Tool      string   `json:"tool"`   // s3://BUCKET/KEY
	SHA256    string   `json:"sha256"` // hex
	Arguments []string `json:"arguments,omitempty"`
}

// memoryState says whether the image is in evidence, and else what it will be made of.
type memoryState struct {
	Platform string `json:"platform,omitempty"` // a key of Tools; "" once captured
	MiB      int64  `json:"mib,omitempty"`      // the memory of the instance's type
	Captured bool   `json:"captured"`
}

const (
	memoryImage  = "memory/image.bin"
	memoryResult = "memory/result.json"
)

func captureMemory() action.Action {
	return action.New(action.Spec[memoryRequest, memoryState]{
		ID:      "ec2.capture-memory",
		Summary: "Sends an image of the host's memory to the evidence bucket, with a tool of yours, through Systems Manager.",
		Details: "The tool is in a bucket, with its SHA-256 in ec2.memory; nothing is compiled, and no credentials reach the host. A fixed " +
			"script fetches it by a presigned URL, checks its hash before it runs, and sends the image in parts by presigned URLs, while " +
			"isolation leaves 443 out for live response. An upload that fails is aborted. The URLs end with the capture, and after " +
			"ec2.memory.seconds at the latest. The vault has to be a bucket. An intruder with root can make the host send anything. See " +
			"docs/memory.md.",
		Permissions: []string{
			"ec2:DescribeInstanceTypes", "ec2:DescribeInstances", "s3:AbortMultipartUpload", "s3:GetObject",
			"s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:PutObject", "ssm:DescribeInstanceInformation",
			"ssm:GetCommandInvocation", "ssm:ListCommands", "ssm:SendCommand",
		},
		Irreversible: "the image is evidence, and a tool that ran cannot be taken back",
		Observe:      observeMemory,
		Expect:       func(memoryRequest, memoryState) memoryState { return memoryState{Captured: true} },
		Do:           doMemory,
		Leave:        leaveMemory,
		Verify: func(_ memoryRequest, _, after memoryState) error {
			if !after.Captured {
				return fmt.Errorf("%s is not in the case's evidence", memoryResult)
			}
			return nil
		},
	})
}

func observeMemory(ctx context.Context, env *action.Env, t memoryRequest, known *memoryState) (memoryState, error) {
	if len(t.Tools) == 0 {
		return memoryState{}, action.Skipf("no memory capture configured")
	}
	have, err := readEvidence(ctx, env, memoryResult)
	switch {
	case err != nil:
		return memoryState{}, err
	case have.SHA256 != "":
		return memoryState{Captured: true}, nil
	case known != nil:
		return *known, nil
	}
	if _, _, ok := env.Evidence.Bucket(); !ok && !env.Planning {
		return memoryState{}, action.Skipf("the vault is a directory, and the host can send its memory to a bucket only (vault: s3://BUCKET/PREFIX)")
	}
	if err := channelLeft(ctx, env, t.On); err != nil {
		return memoryState{}, err
	}
	info, err := managedInstance(ctx, env, t.Target.ID)
	switch {
	case err != nil:
		return memoryState{}, err
	case info == nil:
		return memoryState{}, action.Skipf("%s is not managed by Systems Manager (it needs the agent, a profile that allows it, and 443 out)", t.Target.ID)
	}
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return memoryState{}, err
	}
	s := memoryState{Platform: memoryPlatform(info.PlatformType, i.Architecture)}
	if _, ok := t.Tools[s.Platform]; !ok {
		return s, action.Skipf("no memory tool configured for %s", s.Platform)
	}
	if s.MiB, err = memoryOf(ctx, env, i.InstanceType); err != nil {
		return s, err
	}
	if s.MiB > int64(t.MaxGiB)<<10 {
		return s, action.Skipf("%s has %d GiB of memory, more than ec2.memory.max_gib: %d", t.Target.ID, (s.MiB+1023)>>10, t.MaxGiB)
	}
	return s, nil
}

// memoryPlatform is the key under which the configuration has the tool for a host.
func memoryPlatform(p ssmtypes.PlatformType, a ec2types.ArchitectureValues) string {
	name := map[ssmtypes.PlatformType]string{
		ssmtypes.PlatformTypeLinux: "linux", ssmtypes.PlatformTypeWindows: "windows", ssmtypes.PlatformTypeMacos: "macos",
	}[p]
	if a == ec2types.ArchitectureValuesArm64 || a == ec2types.ArchitectureValuesArm64Mac {
		return name + "_arm64"
	}
	return name
}

// memoryOf is the memory of a type of instance in MiB.
func memoryOf(ctx context.Context, env *action.Env, kind ec2types.InstanceType) (int64, error) {
	out, err := env.EC2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []ec2types.InstanceType{kind}})
	if err != nil {
		return 0, wrap("read the memory of instance type", string(kind), err)
	}
	for _, t := range out.InstanceTypes {
		if t.InstanceType == kind && t.MemoryInfo != nil && aws.ToInt64(t.MemoryInfo.SizeInMiB) > 0 {
			return *t.MemoryInfo.SizeInMiB, nil
		}
	}
	return 0, fmt.Errorf("read the memory of instance type %s: AWS does not say it", kind)
}
