# Sends the memory of this host, part by part, to the evidence bucket. Set above this line: $id, $list, $toolSha256, $partBytes, $arguments.
# The list, fetched by a presigned URL, has the tool's URL in its first line, then one URL for each part. Nothing stays on the host.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
[Net.ServicePointManager]::Expect100Continue = $false
$directory = $null
$process = $null
$pipe = $null
$lock = $null

function Stop-With([string]$text) { throw "cordon: $text" }

# Hex of a hash over bytes.
function Get-Hex([byte[]]$hash) { ([BitConverter]::ToString($hash) -replace '-', '').ToLowerInvariant() }

# Send-Request makes one request four times where trying again may help, and gives the answer's bytes.
function Send-Request([string]$what, [string]$method, [string]$url, [byte[]]$body, [int]$count) {
  foreach ($pause in 1, 2, 4, 0) {
    $status = 0
    try {
      $request = [Net.HttpWebRequest]::Create($url)
      $request.Method = $method
      $request.Timeout = 600000
      $request.ReadWriteTimeout = 60000
      $request.AllowAutoRedirect = $false
      if ($method -eq 'PUT') {
        $md5 = [Security.Cryptography.MD5]::Create()
        $request.Headers.Add('Content-MD5', [Convert]::ToBase64String($md5.ComputeHash($body, 0, $count)))
        $request.ContentLength = $count
        $request.AllowWriteStreamBuffering = $false
        $out = $request.GetRequestStream()
        try { $out.Write($body, 0, $count) } finally { $out.Close() }
      }
      $response = $request.GetResponse()
      try {
        $status = [int]$response.StatusCode
        $memory = New-Object IO.MemoryStream
        $response.GetResponseStream().CopyTo($memory)
        if ($status -eq 200) { return , $memory.ToArray() }
      } finally { $response.Close() }
    } catch [Net.WebException] {
      if ($_.Exception.Response) {
        $status = [int]$_.Exception.Response.StatusCode
        $_.Exception.Response.Close()
      }
    }
    if ($status -ge 400 -and $status -lt 500 -and $status -ne 408 -and $status -ne 429) { break }
    Start-Sleep -Seconds $pause
  }
  if ($status -eq 0) { Stop-With "${what}: no answer" }
  if ($status -eq 403) { Stop-With "${what}: refused (403): the URL has expired, or Cordon may not do this" }
  if ($status -eq 404) { Stop-With "${what}: not there (404)" }
  Stop-With "${what}: HTTP status $status"
}

$failure = ''
try {
  # Two runs would mix their parts in one upload.
  $lock = New-Object Threading.Mutex($false, "Global\cordon-memory-$id")
  if (-not $lock.WaitOne(0)) { Stop-With 'another run sends this upload already' }
  $sha256 = [Security.Cryptography.SHA256]::Create()
  $urls = [Text.Encoding]::ASCII.GetString((Send-Request 'fetch the list of URLs' 'GET' $list $null 0)) -split "`n"
  if ($urls.Length -lt 2) { Stop-With 'the list of URLs is empty' }
  $tool = Send-Request 'fetch the tool' 'GET' $urls[0] $null 0
  $sum = Get-Hex $sha256.ComputeHash($tool)
  if ($sum -ne $toolSha256) { Stop-With "the tool has the SHA-256 $sum, not the configured one: it was not run" }
  $name = 'cordon-' + [Guid]::NewGuid().ToString('N')
  $directory = Join-Path $env:SystemRoot "Temp\$name"
  [void](New-Item -ItemType Directory -Path $directory)
  $program = Join-Path $directory 'tool.exe'
  [IO.File]::WriteAllBytes($program, $tool)
  $tool = $null

  # The tool gets the path of a pipe to write the image to.
  $pipe = New-Object IO.Pipes.NamedPipeServerStream($name, [IO.Pipes.PipeDirection]::InOut, 1,
    [IO.Pipes.PipeTransmissionMode]::Byte, [IO.Pipes.PipeOptions]::Asynchronous, 1048576, 1048576)
  $process = New-Object Diagnostics.Process
  $process.StartInfo.FileName = $program
  $process.StartInfo.Arguments = ("$arguments \\.\pipe\$name").Trim()
  $process.StartInfo.WorkingDirectory = $directory
  $process.StartInfo.UseShellExecute = $false
  $process.StartInfo.RedirectStandardOutput = $true # and thrown away
  $process.StartInfo.RedirectStandardError = $true
  $connected = $pipe.BeginWaitForConnection($null, $null)
  [void]$process.Start()
  $process.BeginOutputReadLine()
  $process.BeginErrorReadLine()
  while (-not $connected.AsyncWaitHandle.WaitOne(500)) {
    if ($process.HasExited) { Stop-With "the tool ended with $($process.ExitCode) and wrote nothing" }
  }
  $pipe.EndWaitForConnection($connected)

  $part = New-Object byte[] $partBytes
  $sums = New-Object Text.StringBuilder
  $parts = 0
  [long]$total = 0
  do {
    $size = 0
    while ($size -lt $partBytes) {
      $read = $pipe.Read($part, $size, $partBytes - $size)
      if ($read -eq 0) { break }
      $size += $read
    }
    if ($size -eq 0) { break }
    if ($parts + 1 -ge $urls.Length -or $urls[$parts + 1] -eq '') {
      Stop-With "the image is larger than expected: $parts parts are sent and there are no more URLs"
    }
    $parts += 1
    [void]$sums.Append((Get-Hex $sha256.ComputeHash($part, 0, $size)) + "`n")
    [void](Send-Request "send part $parts" 'PUT' $urls[$parts] $part $size)
    $total += $size
  } while ($size -eq $partBytes)
  $process.WaitForExit()
  if ($process.ExitCode -ne 0) { Stop-With "the tool ended with $($process.ExitCode) after $total bytes" }
  if ($total -eq 0) { Stop-With 'the tool wrote nothing' }
  $whole = Get-Hex $sha256.ComputeHash([Text.Encoding]::ASCII.GetBytes($sums.ToString()))
  Write-Output "cordon-memory: done parts=$parts bytes=$total sha256=$whole"
} catch {
  $failure = ($_.Exception.Message -replace '^cordon: ', '') -replace '[^ -~]', ' '
} finally {
  if ($pipe) { $pipe.Dispose() }
  if ($process) {
    try { if (-not $process.HasExited) { $process.Kill(); [void]$process.WaitForExit(5000) } } catch { }
    $process.Dispose()
  }
  if ($directory) { Remove-Item -Recurse -Force -Path $directory -ErrorAction SilentlyContinue }
}
if ($failure) {
  Write-Output "cordon-memory: failed: $failure"
  exit 1
}
